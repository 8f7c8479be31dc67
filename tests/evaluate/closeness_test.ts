import assert from "node:assert/strict";
import {
  addSums,
  cosineOf,
  decibelsOf,
  LEAST_NOISE,
  meanNoise,
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

Deno.test("meanNoise() is the geometric mean: of 1 % and 0.01 % it is 0.1 %", () => {
  isAbout(meanNoise([1e-2, 1e-4]), 1e-3);
});

Deno.test("meanNoise() counts a sample without noise as float32's own noise, and none in all as 0", () => {
  isAbout(meanNoise([1e-2, 0]), Math.sqrt(1e-17));
  assert.equal(meanNoise([0, 0]), 0);
});

Deno.test("addSums() leaves out infinities that both have, and takes no other for agreement", () => {
  const masked = of(3, -Infinity, 4);
  const alike = noSums();
  addSums(alike, masked, of(3, -Infinity, 4));
  assert.deepEqual(alike, { signal: 25, noise: 0, product: 25, energy: 25 });
  for (const wrong of [of(3, 0, 4), of(3, Infinity, 4), of(3, -Infinity, -Infinity)]) {
    const sums = noSums();
    addSums(sums, masked, wrong);
    assert.equal(sqnrOf(sums), -MAX_SQNR);
    assert.equal(cosineOf(sums), 0);
    assert.equal(noiseShare(sums), 1 / LEAST_NOISE);
  }
  const broken = noSums();
  addSums(broken, masked, of(3, -Infinity, NaN));
  assert.ok(Number.isNaN(sqnrOf(broken)));
});
