import { readClasses } from "../classes.ts";
import type { ClassOptions, Metric, ScoredSample } from "../metric.ts";

/**
 * How far a form of a network writes the text that float32 writes: the share of a text that comes before the first
 * token in which it would choose another, averaged over texts. Each text is a sequence of steps in which the
 * network is fed float32's tokens and its own past; of each step the class of the last position counts.
 *
 * @example The second of four tokens is another
 * ```ts
 * import { divergence } from "./divergence.ts";
 * import assert from "node:assert/strict";
 * const { scores } = divergence().whole!;
 * assert.deepEqual([...scores([[[1], [0], [1], [1]]])], [0.25]);
 * ```
 */
export function divergence(options: ClassOptions = {}): Metric {
  const agrees = ({ outputs, reference }: ScoredSample) => {
    const ours = readClasses(outputs, options.output, options.axis);
    const theirs = readClasses(reference, options.output, options.axis);
    return ours.last === theirs.last ? 1 : 0;
  };
  return {
    name: "divergence",
    about: "share of a text that float32 writes before the first token that would be another",
    needs: "samples in which float32 writes on (--generate N)",
    unit: "%",
    digits: 1,
    higherIsBetter: true,
    share: true,
    perfect: 100,
    maxDrop: 10,
    whole: {
      note: (sample) => [agrees(sample)],
      scores: (texts) =>
        Float64Array.from(texts, (steps) => {
          const first = steps.findIndex((note) => note[0] === 0);
          return (first < 0 ? steps.length : first) / steps.length;
        }),
    },
    score: agrees,
  };
}
