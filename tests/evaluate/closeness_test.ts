import assert from "node:assert/strict";
import {
  addSums,
  cosineOf,
  decibelsOf,
  LEAST_NOISE,
  meanNoiseShare,
  noiseShare,
  noSums,
  sqnrOf,
} from "../../lib/evaluate/closeness.ts";
import { MAX_SQNR } from "../../lib/record/metric_info.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

const of = (...values: number[]) => float32([values.length], values);

function isAbout(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-6 * Math.abs(expected), `${actual}, not ${expected}`);
}

Deno.test("addSums() adds up what SQNR, noise and cosine follow from, over several tensors", () => {
  const sums = noSums();
  addSums(sums, of(1, 2), of(1, 3));
  addSums(sums, of(2), of(1));
  assert.deepEqual(sums, { signal: 9, noise: 2, product: 9, energy: 11 });
  assert.equal(noiseShare(sums), 2 / 9);
  assert.equal(sqnrOf(sums), 10 * Math.log10(4.5));
  assert.equal(cosineOf(sums), 9 / Math.sqrt(99));
});

Deno.test("noiseShare() of silence is all or nothing, never NaN", () => {
  assert.equal(noiseShare({ signal: 0, noise: 0 }), 0);
  assert.equal(noiseShare({ signal: 0, noise: 3 }), 1);
  isAbout(noiseShare({ signal: 1e-20, noise: 1e20 }), 1e15);
});

Deno.test("LEAST_NOISE is the share that the dB scale ends at", () => {
  assert.equal(LEAST_NOISE, 1e-15);
  assert.equal(decibelsOf(0), MAX_SQNR);
  assert.equal(decibelsOf(0.001), 30);
});

Deno.test("meanNoiseShare() is the geometric mean: of 1 % and 0.01 % it is 0.1 %", () => {
  const reference = [of(10, 0), of(0, 100)];
  isAbout(meanNoiseShare(reference, [of(11, 0), of(0, 101)]), 1e-3);
});

Deno.test("meanNoiseShare() counts what cannot have changed as float32's own noise", () => {
  // The square root of 0.01 times 1e-15.
  isAbout(meanNoiseShare([of(10), of(1)], [of(11), undefined]), Math.sqrt(1e-17));
  assert.equal(meanNoiseShare([of(10), of(1)], [of(10), undefined]), 0);
});
