import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { stackStored } from "../../lib/quantize/stack_stored.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { modelOf, samplesOf } from "./fixture.ts";

/** Products, each with a weight of its own that is stored as int8 [n, 2]. */
function products(rows: readonly number[], rest = ""): Model {
  const lines = rows.map((n, i) => {
    const numbers = Array.from({ length: 2 * n }, (_, at) => at - i * 7);
    const scales = Array.from({ length: n }, (_, at) => 0.1 * (at + 1) + i);
    return `output y${i} float32[1, ${n}]
      tensor q${i} int8[${n}, 2] = [${numbers}]; tensor s${i} float32[${n}, 1] = [${scales}]
      c${i} = Cast(q${i}) {to=1}; w${i} = Mul(c${i}, s${i}); y${i} = Gemm(x, w${i}) {transB=1}`;
  });
  return modelOf(`input x float32[1, 2]; ${lines.join("; ")}${rest}`);
}

const operators = ({ graph }: Model) =>
  graph.node.map(({ opType }) => opType).filter((opType) => opType !== "Gemm");

async function run(model: Model) {
  const session = await openSession(model);
  const results = await session.run(samplesOf({ x: [1, 2] }, 1)[0]!);
  await session.release();
  return results;
}

Deno.test("stackStored() expands three weights at once, to the same bits", async () => {
  const model = products([3, 1, 2]);
  const stacked = stackStored(model);
  assert.deepEqual(operators(stacked), ["Cast", "Mul", "Split"]);
  const tensors = stacked.graph.initializer.map(readTensorProto);
  assert.deepEqual(tensors.map(({ type, dims }) => [type, dims]), [
    ["int8", [6, 2]],
    ["float32", [6, 1]],
    ["int64", [3]],
  ]);
  assert.deepEqual(await run(stacked), await run(model));
});

Deno.test("stackStored() leaves two alike, a weight that is read as integers too, and a single scale", () => {
  const two = products([3, 1]);
  assert.equal(stackStored(two), two);
  const shared = products([3, 1, 2], "; output z int8[3, 2]; z = Identity(q0)");
  assert.equal(stackStored(shared), shared);
  const given = products([3, 1, 2], "; input s1 float32[1, 1]"); // which a caller may feed
  assert.equal(stackStored(given), given);
  const single = modelOf(
    [0, 1, 2].map((i) =>
      `input x${i} float32[1, 2]; output y${i} float32[1, 3]
       tensor q${i} int8[3, 2] = [1, 2, 3, 4, 5, 6]; tensor s${i} float32[] = [0.5]
       c${i} = Cast(q${i}) {to=1}; w${i} = Mul(c${i}, s${i}); y${i} = Gemm(x${i}, w${i}) {transB=1}`
    ).join("; "),
  );
  assert.equal(stackStored(single), single);
});
