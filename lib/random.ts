/** Draws uniform numbers; see {@linkcode random}. */
export interface Random {
  /** The next 32 random bits, as an integer in [0, 2^32). */
  bits(): number;
  /** A number in [low, high), uniform on a grid of 2^32 steps. */
  between(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
}

/**
 * Makes a stream of random numbers that depends on `seed` alone, bit for bit the same in every
 * JavaScript engine: integer operations only, then one exact division by 2^32.
 *
 * @param seed Integer in [0, 2^32); the low 32 bits of others are used.
 * @see {@link https://pracrand.sourceforge.net/RNG_engines.txt | PractRand}, "sfc32" (public domain)
 * @example Two streams of one seed agree
 * ```ts
 * import { random } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(random(7).bits(), random(7).bits());
 * ```
 */
export function random(seed: number): Random {
  let a = mix(seed);
  let b = mix(a ^ 0x9e3779b9);
  let c = mix(b ^ seed);
  let counter = 1;
  function bits(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return sum >>> 0;
  }
  for (let i = 0; i < 12; i++) bits(); // sfc32's own warm-up, so that near seeds part ways
  const unit = () => bits() / 0x100000000;
  return {
    bits,
    between: (low, high) => low + (high - low) * unit(),
    chance: (probability) => unit() < probability,
  };
}

/** Spreads every input bit over all 32 output bits (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let h = (value ^ 0x5bd1e995) | 0; // any odd constant: keeps 0 from being a fixed point
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
