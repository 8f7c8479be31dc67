import type { Tensor } from "../tensor/tensor.ts";
import { addSums, comparable, noSums, sameShape, type Sums } from "./closeness.ts";
import type { ClosenessOptions, ScoredSample } from "./metric.ts";

/** An output of a network, and float32's of the same name. */
export interface OutputPair {
  readonly name: string;
  readonly ours: Tensor;
  readonly theirs: Tensor;
}

/**
 * The outputs that are to be compared with float32's.
 *
 * @throws {Error} If there is none, or one that was asked for is missing.
 */
export function outputPairs(
  { outputs, reference }: ScoredSample,
  { outputs: names = comparable(reference) }: ClosenessOptions,
): OutputPair[] {
  if (names.length === 0) throw new Error("there is no output of numbers to compare");
  return names.map((name) => {
    const [ours, theirs] = [outputs[name], reference[name]];
    if (!ours || !theirs) throw new Error(`there is no output "${name}"`);
    return { name, ours, theirs };
  });
}

/**
 * A measure of closeness to float32 of the output that is farthest from it.
 *
 * @param measure Larger is closer.
 * @returns Undefined where all of them are empty, in both.
 * @throws {Error} If there is no output to compare, or one has another shape than float32's.
 */
export function worst(
  sample: ScoredSample,
  options: ClosenessOptions,
  measure: (sums: Sums) => number,
): number | undefined {
  const measures = outputPairs(sample, options).flatMap(({ name, ours, theirs }) => {
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
