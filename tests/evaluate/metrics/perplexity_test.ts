import assert from "node:assert/strict";
import { sumOf } from "../../../lib/evaluate/jackknife.ts";
import { perplexity } from "../../../lib/evaluate/metrics/perplexity.ts";
import { float32, type Tensor } from "../../../lib/tensor/tensor.ts";

const tokens = (...ids: number[]): Tensor<"int64"> => ({
  type: "int64",
  dims: [1, ids.length],
  data: BigInt64Array.from(ids, BigInt),
});

/** Of two positions over three tokens: 1/2, 1/4, 1/4, then 1/8, 1/8, 3/4. */
const odds = [1 / 2, 1 / 4, 1 / 4, 1 / 8, 1 / 8, 3 / 4];
const rows = (values: readonly number[]) => ({ logits: float32([1, 2, 3], values) });

function of(outputs: Record<string, Tensor>, input_ids: Tensor, label?: number): number {
  const sample = { outputs, reference: outputs, index: 0, inputs: { input_ids } };
  return perplexity().score({ ...sample, ...(label !== undefined && { label }) })!;
}

Deno.test("perplexity() of a position is one over the odds of the token that follows", () => {
  // The token behind the first position is 1: odds of 1/4.
  const logarithms = odds.map(Math.log);
  for (const values of [odds, logarithms, logarithms.map((x) => x + 5)]) {
    assert.ok(Math.abs(of(rows(values), tokens(0, 1)) - 4) < 1e-4);
  }
});

Deno.test("perplexity() takes the label for what follows the last position", () => {
  // 1/4 and 3/4: e to the mean of log 4 and log 4/3 is the root of 16/3.
  assert.ok(Math.abs(of(rows(odds), tokens(0, 1), 2) - Math.sqrt(16 / 3)) < 1e-4);
});

Deno.test("perplexity() takes a label for each position before the tokens that it was fed", () => {
  const sample = {
    outputs: rows(odds),
    reference: rows(odds),
    index: 0,
    inputs: { ids: tokens(1, 1) },
  };
  const perplexityOf = (...labels: number[]) =>
    perplexity().score({ ...sample, tokenLabels: Int32Array.from(labels) })!;
  assert.ok(Math.abs(perplexityOf(0, 0) - 4) < 1e-4); // 1/2 and 1/8
  assert.ok(Math.abs(perplexityOf(-1, 1) - 8) < 1e-4);
  assert.throws(() => perplexityOf(0), /its scores are of 2 positions, but there are 1 labels/);
});

Deno.test("perplexity() pools the tokens of samples of different length", () => {
  const { tally, value } = perplexity().pooled!;
  const sample = { outputs: rows(odds), reference: rows(odds), index: 0 };
  const [one, two] = [
    tally({ ...sample, inputs: { input_ids: tokens(0, 1) } }),
    tally({ ...sample, inputs: { input_ids: tokens(0, 1) }, label: 2 }),
  ];
  // Three tokens of 1/4, 1/4 and 3/4.
  assert.ok(Math.abs(value(sumOf([one, two])) - Math.cbrt(64 / 3)) < 1e-4);
});

Deno.test("perplexity() of a token that cannot come stays finite, and of none says what is missing", () => {
  const masked = [-Infinity, 0, 0, 0, 0, 0];
  assert.ok(Number.isFinite(of(rows(masked), tokens(1, 0))));
  assert.throws(() => of(rows(odds), tokens(1)), /no token is known .* bring labels/);
  assert.throws(
    () => of(rows(odds), tokens(0, 7)),
    /its token 7 is outside the 3 of the vocabulary/,
  );
});
