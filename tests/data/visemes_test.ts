import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { clip, CLIP_SHAPE, clipInput } from "../../lib/data/visemes/clip.ts";
import { HARSH, MILD } from "../../lib/data/visemes/conditions.ts";
import { random } from "../../lib/random.ts";
import { FRAMES, speak } from "../../lib/data/visemes/speech.ts";
import { SPLITS } from "../../lib/data/visemes/splits.ts";
import { VISEMES, WORDS } from "../../lib/data/visemes/words.ts";

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function clips(seeds: readonly number[], conditions = HARSH): Uint8Array<ArrayBuffer> {
  const size = CLIP_SHAPE.reduce<number>((a, b) => a * b, 1);
  const all = new Uint8Array(seeds.length * size);
  for (const [i, seed] of seeds.entries()) all.set(clip(seed, conditions).pixels, i * size);
  return all;
}

Deno.test("clip() makes the very bytes that the network was trained and tested on", async () => {
  const { training, calibration, selection, test } = SPLITS;
  const seeds = [training, calibration, selection, test].flatMap(({ start, end }) => [
    ...Array.from({ length: 20 }, (_, i) => start + i),
    end - 1,
  ]);
  assertEquals(
    await sha256(clips(seeds, MILD)),
    "e9324cd7771bea27b76ce3b94d30af6773be9a09334097fcc7bba7b2c988b16f",
  );
  assertEquals(
    await sha256(clips(seeds, HARSH)),
    "3851e338fb7940a8fa965e527aca4ed504c3e8d88eb3682bb29e9762bee334ff",
  );
});

Deno.test("clip() depends on its seed alone, not on the clips made before", () => {
  const alone = clip(3_000_017);
  for (let seed = 3_000_000; seed < 3_000_017; seed++) clip(seed);
  assertEquals(clip(3_000_017), alone);
});

Deno.test("clip() differs from seed to seed", async () => {
  const seeds = Array.from({ length: 80 }, (_, i) => i);
  const hashes = await Promise.all(seeds.map((seed) => sha256(clips([seed]))));
  assertEquals(new Set(hashes).size, seeds.length);
});

Deno.test("clip() takes every 32-bit seed and refuses all else", () => {
  assertEquals(clip(0xffffffff).pixels.length, 16 * 44 * 44);
  for (const seed of [-1, 0.5, NaN, 0x100000000]) {
    assertThrows(() => clip(seed), RangeError, `got ${seed}`);
  }
});

Deno.test("clip() holds every word once in the first 40 seeds of each split", () => {
  for (const { start } of Object.values(SPLITS)) {
    const labels = Array.from({ length: 40 }, (_, i) => clip(start + i).label);
    assertEquals(labels, WORDS.map((_, label) => label));
  }
});

Deno.test("clip() fills the grey scale without sticking to its ends", () => {
  const pixels = clips(Array.from({ length: 40 }, (_, i) => SPLITS.selection.start + i));
  let atEnds = 0;
  for (const grey of pixels) atEnds += grey === 0 || grey === 255 ? 1 : 0;
  assert(atEnds / pixels.length < 0.05, `${atEnds} of ${pixels.length} at 0 or 255`);
});

Deno.test("clip() moves: no clip shows the same picture throughout", () => {
  const area = 44 * 44;
  for (let seed = 0; seed < 40; seed++) {
    const { pixels } = clip(seed);
    // The mean of each frame, which noise hardly touches, follows the opening of the mouth.
    const means = Array.from({ length: FRAMES }, (_, frame) => {
      const greys = pixels.subarray(frame * area, (frame + 1) * area);
      return greys.reduce((sum, grey) => sum + grey, 0) / area;
    });
    const spread = Math.max(...means) - Math.min(...means);
    assert(spread > 0.5, `seed ${seed}: frame means spread over ${spread}`);
  }
});

Deno.test("clipInput() maps grey 127.5 to 0 and 45.9 grey levels to 1, in float32", () => {
  const input = clipInput(Uint8Array.of(0, 127, 128, 255));
  const expected = [-0.5 / 0.18, -0.5 / 45.9, 0.5 / 45.9, 0.5 / 0.18];
  assert(input instanceof Float32Array);
  for (const [i, value] of input.entries()) assertAlmostEquals(value, expected[i]!, 1e-6);
});

Deno.test("clipInput() gives clips about zero mean and unit variance", () => {
  const input = clipInput(clips(Array.from({ length: 80 }, (_, i) => i)));
  const mean = input.reduce((sum, x) => sum + x, 0) / input.length;
  const variance = input.reduce((sum, x) => sum + (x - mean) ** 2, 0) / input.length;
  assert(Math.abs(mean) < 0.5 && variance > 0.5 && variance < 2, `${mean}, ${variance}`);
});

Deno.test("lipnet.onnx is the file that its data card speaks of", async () => {
  const folder = new URL("../../lib/data/visemes/", import.meta.url);
  const bytes = await Deno.readFile(new URL("lipnet.onnx", folder));
  const card = await Deno.readTextFile(new URL("README.md", folder));
  assert(card.includes(await sha256(bytes)));
  assert(card.includes(`${bytes.length.toLocaleString("en")} bytes`));
});

Deno.test("SPLITS share no seed", () => {
  const ranges = Object.values(SPLITS).toSorted((a, b) => a.start - b.start);
  for (const [i, { start, end }] of ranges.entries()) {
    assert(start < end);
    if (i > 0) assert(ranges[i - 1]!.end <= start);
  }
});

Deno.test("WORDS are 40, spelled in visemes, and each has an anagram", () => {
  assertEquals(new Set(WORDS).size, 40);
  const groups = Map.groupBy(WORDS, (word) => [...word].sort().join(""));
  for (const word of WORDS) {
    for (const letter of word) assert(letter in VISEMES, `${word}: no viseme "${letter}"`);
  }
  for (const [letters, words] of groups) assert(words.length >= 2, `${letters}: ${words}`);
});

Deno.test("speak() passes the visemes of a word in their order", () => {
  for (let seed = 0; seed < 50; seed++) {
    const mouths = speak("opt", random(seed), MILD);
    assertEquals(mouths.length, FRAMES);
    // Of the three, "o" alone is round, "p" pressed and "t" shows teeth. Strays stand at the ends.
    const spoken = mouths.slice(3, 13);
    const peak = (key: "round" | "press" | "teeth") => {
      const values = spoken.map((mouth) => mouth[key]);
      return values.indexOf(Math.max(...values));
    };
    assert(peak("round") < peak("press") && peak("press") < peak("teeth"), `seed ${seed}`);
  }
});

Deno.test("random() gives the recorded stream", () => {
  const stream = random(0);
  assertEquals([stream.bits(), stream.bits(), stream.bits()], [3135805410, 3070433247, 3618138527]);
});

Deno.test("random().between() is uniform over its half-open interval", () => {
  const { between } = random(1);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 10_000; i++) counts[Math.floor(between(0, 10))]!++;
  for (const count of counts) assert(count > 880 && count < 1120, `${counts}`); // 4 sigma
});
