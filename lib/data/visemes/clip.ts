import { type Conditions, HARSH } from "./conditions.ts";
import { random } from "../../random.ts";
import { render, SIDE } from "./render.ts";
import { castSpeaker } from "./speaker.ts";
import { FRAMES, speak } from "./speech.ts";
import { WORDS } from "./words.ts";

/** Shape of one clip: frames, height, width. */
export const CLIP_SHAPE = [FRAMES, SIDE, SIDE] as const;

/** A word as it looks on a speaker's lips. */
export interface Clip {
  /** Grey levels, shape [16, 44, 44]. */
  pixels: Uint8Array;
  /** Index of the word in `WORDS`. */
  label: number;
}

/**
 * Makes the clip of a seed: a word spoken by a random face before a random camera. It depends on
 * the seed (and the conditions) alone and is the same, bit for bit, on every machine, so a data set is a range of seeds
 * and needs no files. Takes about a millisecond.
 *
 * @param seed Integer in [0, 2^32). The label is `seed % 40`, so any 40 seeds in a row hold every
 * word once. {@linkcode SPLITS} says which seeds are for what.
 * @param conditions What the clip is to be drawn from. @default {HARSH}
 * @throws {RangeError} If `seed` is no such integer.
 * @example
 * ```ts
 * import { clip } from "./clip.ts";
 * import { WORDS } from "./words.ts";
 * import { assertEquals } from "@std/assert";
 * const { pixels, label } = clip(3_000_000);
 * assertEquals(pixels.length, 16 * 44 * 44);
 * assertEquals(WORDS[label], "ate");
 * ```
 */
export function clip(seed: number, conditions: Conditions = HARSH): Clip {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new RangeError(`Cannot make a clip: seed must be an integer in [0, 2^32), got ${seed}`);
  }
  const label = seed % WORDS.length;
  const stream = random(seed);
  const speaker = castSpeaker(stream, conditions);
  const mouths = speak(WORDS[label]!, stream, conditions);
  return { pixels: render(mouths, speaker, stream), label };
}

/**
 * Grey levels as the network was trained to take them: `(x / 255 - 0.5) / 0.18`, which gives the
 * clips about zero mean and unit variance.
 *
 * @param pixels One clip or several end to end; the shape [N, 1, 16, 44, 44] is the caller's to say.
 * @example
 * ```ts
 * import { clipInput } from "./clip.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * assertAlmostEquals(clipInput(Uint8Array.of(255))[0], 0.5 / 0.18, 1e-6);
 * ```
 */
export function clipInput(pixels: Uint8Array): Float32Array {
  return Float32Array.from(pixels, (grey) => (grey / 255 - 0.5) / 0.18);
}
