import { meanNoise, relativeNoise } from "../evaluate/closeness.ts";
import type { Replay, Replayed, Variant } from "./replay.ts";

/** The noise that a variant brings, or why it could not be measured. */
export type VariantNoise<V extends Variant = Variant> = {
  readonly variant: V;
  /** At each of the outputs: see {@linkcode meanNoise}. 0 where nothing changed, to the bit. */
  readonly noise: readonly number[];
  readonly error?: undefined;
} | { readonly variant: V; readonly noise?: undefined; readonly error: Error };

/**
 * Measures what variants of a network do to its outputs, many at a time: noise power as a share of the
 * signal's, the geometric mean over samples. Samples may have different shapes; of their outputs no more
 * is kept than the share.
 *
 * @param samples Indices of samples of the replay's data set.
 * @param outputs Names of the outputs at which noise is of interest.
 * @returns In the order in which it is known. A variant that fails has its reason.
 */
export async function* measureNoise<V extends Variant>(
  replay: Replay,
  samples: readonly number[],
  variants: readonly V[],
  outputs: readonly string[],
): AsyncGenerator<VariantNoise<V>, void, void> {
  // Of each variant that is still open, at each output: the noise in each sample so far.
  const open = new Map(variants.map((variant) => [variant, outputs.map((): number[] => [])]));
  const runs = replay.run(samples, variants, (variant) => open.has(variant));
  for await (const replayed of runs) {
    const { variant } = replayed;
    const noises = open.get(variant);
    if (!noises) continue; // it failed on other samples
    const error = addNoises(noises, replayed, outputs);
    if (error) {
      open.delete(variant);
      yield { variant, error };
    } else if (noises.every(({ length }) => length === samples.length)) {
      open.delete(variant);
      yield { variant, noise: noises.map(meanNoise) };
    }
  }
}

/** @returns Why nothing can be said, if so. */
function addNoises(
  noises: readonly number[][],
  { results, unchanged, error }: Replayed,
  outputs: readonly string[],
): Error | undefined {
  if (error) return error;
  for (const [i, name] of outputs.entries()) {
    for (const [s, result] of results.entries()) {
      const noise = relativeNoise(unchanged[s]![name]!, result[name]!);
      if (!Number.isFinite(noise)) {
        return new Error(`Output "${name}" is not finite, or of another shape than before`);
      }
      noises[i]!.push(noise);
    }
  }
}
