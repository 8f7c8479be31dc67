import { cosineOf, noSums, type Sums } from "../closeness.ts";
import { embeddingOf } from "../embedding.ts";
import type { EmbeddingOptions, Metric, ScoredSample } from "../metric.ts";
import { cosine } from "./cosine.ts";

/**
 * Cosine similarity of a sample's embedding with the float32 network's. An output for each token,
 * [1, tokens, channels], is pooled first, as it is in use; padding does not count.
 *
 * @example
 * ```ts
 * import { embeddingCosine } from "./embedding_cosine.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const [outputs, reference] = [{ y: float32([1, 2, 2], [2, 0, 0, 2]) }, { y: float32([1, 2], [3, 3]) }];
 * assert.ok(Math.abs(embeddingCosine().score({ outputs, reference, index: 0 })! - 1) < 1e-12);
 * ```
 */
export function embeddingCosine(options: EmbeddingOptions = {}): Metric {
  const { unit, digits, higherIsBetter, share, perfect, maxDrop } = cosine();
  return {
    ...{ unit, digits, higherIsBetter, share, perfect, maxDrop },
    name: "embedding cosine",
    about: "cosine similarity of the embedding with float32's; of tokens their mean",
    needs: "an output of numbers, [1, channels] or [1, tokens, channels]",
    score: (sample) => cosineWithFloat32(sample, options),
  };
}

/** Cosine of a sample's embedding with float32's. */
export function cosineWithFloat32(
  { outputs, reference }: Pick<ScoredSample, "outputs" | "reference">,
  options: EmbeddingOptions,
): number {
  return cosineOf(sumsOf(embeddingOf(reference, options), embeddingOf(outputs, options)));
}

/** Sums over two vectors, of which their cosine is made. */
function sumsOf(reference: Float64Array, candidate: Float64Array): Sums {
  if (reference.length !== candidate.length) {
    throw new Error(
      `its embedding has ${candidate.length} channels, but float32's ${reference.length}`,
    );
  }
  const sums = noSums();
  reference.forEach((x, i) => {
    const y = candidate[i]!;
    sums.signal += x * x;
    sums.energy += y * y;
    sums.product += x * y;
    sums.noise += (x - y) ** 2;
  });
  return sums;
}
