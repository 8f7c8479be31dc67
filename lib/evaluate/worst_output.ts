import { addSums, comparable, noSums, sameShape, type Sums } from "./closeness.ts";
import type { ClosenessOptions, ScoredSample } from "./metric.ts";

/**
 * A measure of closeness to float32 of the output that is farthest from it.
 *
 * @param measure Larger is closer.
 * @returns Undefined where all of them are empty, in both.
 * @throws {Error} If there is no output to compare, or one has another shape than float32's.
 */
export function worst(
  { outputs, reference }: ScoredSample,
  { outputs: names = comparable(reference) }: ClosenessOptions,
  measure: (sums: Sums) => number,
): number | undefined {
  if (names.length === 0) throw new Error("there is no output of numbers to compare");
  const measures = names.flatMap((name) => {
    const ours = outputs[name];
    const theirs = reference[name];
    if (!ours || !theirs) throw new Error(`there is no output "${name}"`);
    if (!sameShape(ours, theirs)) {
      throw new Error(
        `output "${name}" is of shape [${ours.dims.join(", ")}], but float32's of ` +
          `[${
            theirs.dims.join(", ")
          }]; --metric aligned-sqnr or detection-f1 compares what differs in length`,
      );
    }
    if (theirs.data.length === 0) return [];
    const sums = noSums();
    addSums(sums, theirs, ours);
    return [measure(sums)];
  });
  return measures.length === 0 ? undefined : Math.min(...measures);
}
