import { random } from "../../lib/random.ts";
import { oneOf } from "./mutate_bytes.ts";
import type { Target } from "./target.ts";

/** The mutant of a number: the same bytes for the same seed, in any order. */
export function mutantOf(
  target: Target,
  seeds: readonly Uint8Array[],
  { seed, number }: { readonly seed: number; readonly number: number },
): Uint8Array {
  const stream = random(Math.imul(seed, 0x9e3779b1) ^ number);
  return target.mutate(oneOf(seeds, stream), stream);
}
