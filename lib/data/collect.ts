import type { Feeds } from "../tensor/tensor.ts";
import { arrays, type ArraysOptions } from "./arrays.ts";
import type { Dataset } from "./dataset.ts";

/**
 * Options for {@linkcode collect}.
 * @category Samples (advanced)
 */
export interface CollectOptions extends ArraysOptions {
  /** Most samples to take; the source is not asked for more. @default {Infinity} */
  maxSamples?: number;
}

/**
 * Makes a data set of samples that a generator yields, or any other iterable, async or not. They are
 * kept in memory, so that they can be run more than once, shuffled and split; `calibrate()`, which
 * looks at each sample once, takes the generator itself.
 *
 * @throws {UserError} As {@linkcode arrays} does, of a list of samples.
 * @example
 * ```ts
 * import { collect, float32Tensor } from "octavo";
 * import assert from "node:assert/strict";
 * function* waves() {
 *   for (let i = 0;; i++) yield { x: float32Tensor([1, 2], [Math.sin(i), Math.cos(i)]) };
 * }
 * const data = await collect(waves(), { maxSamples: 10 });
 * assert.equal(data.length, 10);
 * ```
 * @category Samples
 */
export async function collect(
  source: Iterable<Feeds> | AsyncIterable<Feeds>,
  options: CollectOptions = {},
): Promise<Dataset> {
  const { maxSamples = Infinity, name = "samples", ...rest } = options;
  const taken: Feeds[] = [];
  if (maxSamples > 0) {
    for await (const feeds of source) {
      taken.push(feeds);
      if (taken.length >= maxSamples) break;
    }
  }
  return arrays(taken, { name, ...rest });
}
