import type { Dataset } from "./dataset.ts";
import { UserError } from "../errors.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";

/** Most samples that take turns while something is timed. */
const SAMPLES = 4;

/** A few samples, all of the shapes of the first. */
export async function likeTheFirst(
  samples: Dataset | readonly Feeds[],
  model: string,
): Promise<Feeds[]> {
  const count = Math.min(SAMPLES, samples.length);
  if (count === 0) {
    throw new UserError(`Cannot time ${model}: there is no sample to run on; give at least one`);
  }
  const taken = await Promise.all(
    Array.from({ length: count }, (_, i) => "sample" in samples ? samples.sample(i) : samples[i]!),
  );
  const wanted = JSON.stringify(shapesOf(taken[0]!));
  return taken.filter((feeds) => JSON.stringify(shapesOf(feeds)) === wanted);
}

/** Shapes of what a network is fed, by name. */
export function shapesOf(feeds: Feeds): Record<string, number[]> {
  return Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, [...dims]]));
}

/** Bytes that tensors take; strings count for nothing. */
export function sizeOf(tensors: Iterable<Tensor>): number {
  let bytes = 0;
  for (const { data } of tensors) bytes += "byteLength" in data ? data.byteLength : 0;
  return bytes;
}
