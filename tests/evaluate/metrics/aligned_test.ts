import assert from "node:assert/strict";
import { aligned } from "../../../lib/evaluate/metrics/aligned.ts";
import { sqnr } from "../../../lib/evaluate/metrics/sqnr.ts";
import { MAX_SQNR } from "../../../lib/record/metric_info.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { normal } from "../../random.ts";
import { score } from "../scored.ts";

const wave = (...values: number[]) => ({ wave: float32([1, 1, values.length], values) });

Deno.test("aligned() of one length is the SQNR, where nothing moved", () => {
  const x = normal(100, 1);
  const y = x.map((value, i) => value + 0.01 * Math.sin(i));
  const [ours, theirs] = [wave(...y), wave(...x)];
  assert.ok(Math.abs(score(aligned(), ours, theirs) - score(sqnr(), ours, theirs)) < 1e-9);
  assert.equal(score(aligned(), theirs, theirs), MAX_SQNR);
});

Deno.test("aligned() counts what only one has as noise, and no more", () => {
  const x = [...normal(200, 2)];
  const extra = [...x.slice(0, 80), 0.5, 0.5, ...x.slice(80)];
  const signal = x.reduce((sum, value) => sum + value * value, 0);
  const expected = 10 * Math.log10(signal / 0.5);
  // There may be a way with less noise, never one with more.
  const got = score(aligned(), wave(...extra), wave(...x));
  assert.ok(got >= expected - 1e-9 && got < expected + 3, `${got}, ${expected}`);
  assert.ok(score(aligned(), wave(...x), wave(...extra)) > 20); // and the other way round
});

Deno.test("aligned() lays rows of several values side by side", () => {
  const rows = (...values: number[][]) => ({ y: float32([values.length, 2], values.flat()) });
  const reference = rows([3, 4], [60, -80], [0, 5]);
  // [60, -80] is lost: noise 10,000 of 10,050.
  const got = score(aligned(), rows([3, 4], [0, 5]), reference);
  assert.ok(Math.abs(got - 10 * Math.log10(10050 / 10000)) < 1e-9);
});

Deno.test("aligned() of nothing in both is nothing, and of nothing in one the worst", () => {
  const [none, some] = [wave(), wave(1, 2)];
  assert.equal(aligned().score({ outputs: none, reference: none, index: 0 }), undefined);
  assert.equal(score(aligned(), some, none), -MAX_SQNR);
  assert.equal(score(aligned(), none, some), 0); // all of the signal is lost
});

Deno.test("aligned() takes a long wave in pieces, and refuses two axes that differ", () => {
  // As many pairs as a square of 15,000: two values at a time.
  const short = wave(...normal(100, 3));
  const long = wave(...normal(100, 3), ...normal(14_900, 4).map((x) => x / 1000));
  assert.ok(score(aligned(), long, short) > 30);
  const [a, b] = [{ y: float32([2, 2], [1, 1, 1, 1]) }, { y: float32([1, 1], [1]) }];
  assert.throws(() => score(aligned(), a, b), /only one axis may differ/);
});
