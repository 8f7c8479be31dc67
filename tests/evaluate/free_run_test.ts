import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { samples } from "../../lib/data/dataset.ts";
import { evaluate } from "../../lib/evaluate/evaluate.ts";
import { freeRun } from "../../lib/evaluate/free_run.ts";
import { divergence } from "../../lib/evaluate/metrics/divergence.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { pacedRuntime } from "../task/tiny.ts";

const int64 = (dims: number[], ...values: number[]): Tensor<"int64"> => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});

/**
 * A decoder over two tokens. It remembers for each token (1, 0) or (0, 1); of the sums (a, b) over all that came
 * it makes the scores b - a and a - b, so it writes the rarer token, at a tie the first.
 *
 * @param bias Is added to the score of the first token.
 */
const decoder = (bias = 0) =>
  parseModel(`
    input input_ids int64[1, T]; input attention_mask int64[1, M]; input position_ids int64[1, T]
    input past_key_values.0.key float32[1, 1, P, 2]
    output logits float32[1, 1, 2]; output present.0.key float32[1, 1, Q, 2]
    output seen float32[1, M]; output at float32[1, T]
    tensor table float32[2, 2] = [1, 0, 0, 1]
    tensor weight float32[2, 2] = [-1, 1, 1, -1]
    tensor bias float32[2] = [${bias}, 0]
    tensor axis int64[1] = [1]
    tensor time int64[1] = [2]
    one = Gather(table, input_ids)
    key = Unsqueeze(one, axis)
    present.0.key = Concat(past_key_values.0.key, key) {axis=2}
    sum = ReduceSum(present.0.key, time) {keepdims=0}
    product = MatMul(sum, weight)
    logits = Add(product, bias)
    seen = Cast(attention_mask) {to=1}
    at = Cast(position_ids) {to=1}`);

/** Prompts "0 0" and "1 0": float32 goes on with 1 1 0 1, and with 0 1 0 1. */
const prompts = arrays({
  input_ids: int64([2, 2], 0, 0, 1, 0),
  attention_mask: int64([2, 2], 1, 1, 1, 1),
  position_ids: int64([2, 2], 0, 1, 0, 1),
});

const runtime = pacedRuntime();

Deno.test("freeRun() makes steps of what float32 writes on with its own past", async () => {
  const data = await freeRun(decoder(), prompts, { tokens: 4, runtime });
  assert.deepEqual(data.tokenLabels!.map((labels) => labels.at(-1)), [1, 1, 0, 1, 0, 1, 0, 1]);
  assert.deepEqual(data.stream, {
    state: { "present.0.key": "past_key_values.0.key" },
    lengths: [4, 4],
  });
  const fed = await Array.fromAsync(samples(data));
  const values = (name: string) =>
    fed.slice(0, 3).map((feeds) => [...feeds[name]!.data].map(Number));
  assert.deepEqual(values("input_ids"), [[0, 0], [1], [1]]);
  assert.deepEqual(values("position_ids"), [[0, 1], [2], [3]]);
  assert.deepEqual(values("attention_mask"), [[1, 1], [1, 1, 1], [1, 1, 1, 1]]);
  assert.deepEqual(fed[5]!["past_key_values.0.key"]!.dims, [1, 1, 0, 2]);
});

Deno.test("divergence() in a free run is where the form, left to itself, writes another token", async () => {
  // At a tie the form takes the second token: behind "0 0" it writes 1 1 1 0, and behind "1 0" 1 0 1 0.
  const [float32, form] = [decoder(), decoder(-0.5)];
  const own = await freeRun(form, prompts, { tokens: 4, runtime });
  assert.deepEqual(own.tokenLabels!.map((labels) => labels.at(-1)), [1, 1, 1, 0, 1, 0, 1, 0]);
  const data = await freeRun(float32, prompts, { tokens: 4, runtime });
  const reference = await evaluate(runtime, float32, data, divergence());
  assert.deepEqual([...reference.scores], [1, 1]);
  const { scores } = await evaluate(runtime, form, data, divergence(), reference);
  assert.deepEqual([...scores], [0.5, 0]);
});

Deno.test("freeRun() takes texts of others, and refuses what is no decoder", async () => {
  const texts = [[0, 0, 0], [1, 1, 1]];
  const data = await freeRun(decoder(), prompts, { tokens: 3, texts, runtime });
  assert.deepEqual(data.tokenLabels!.map((labels) => labels.at(-1)), texts.flat());
  const net = parseModel("input x int64[1, T]; output y float32[1, T]; y = Cast(x) {to=1}");
  await assert.rejects(
    freeRun(net, prompts, { tokens: 3, runtime }),
    /^UserError: Cannot let .* write on: it has no past that it gives back\. It takes an input of tokens/,
  );
});
