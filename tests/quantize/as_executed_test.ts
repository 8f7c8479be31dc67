import assert from "node:assert/strict";
import type { Model } from "../../lib/onnx/model.ts";
import { asExecuted } from "../../lib/quantize/as_executed.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { pacedRuntime } from "../task/tiny.ts";
import { modelOf } from "./fixture.ts";

const FRAME = "input x float32[1, 4]; output y float32[1, 4]";
const SCALE = "tensor s float32[] = [0.5]; tensor z uint8[] = [3]";

/** A runtime that makes one thing of the model, and another of what was written of it. */
function runtimeOf(executed: Model | undefined, again = executed): Runtime {
  const answers = [executed, again];
  return { ...pacedRuntime(), optimized: () => Promise.resolve(answers.shift()) };
}

const operators = ({ graph }: Model) => graph.node.map(({ opType }) => opType);

const given = modelOf(
  `${FRAME}; ${SCALE}
   q = QuantizeLinear(x, s, z); d = DequantizeLinear(q, s, z); a = MatMul(d, w)
   y = Relu(a)`,
  { w: [4, 4] },
);
const executed = modelOf(
  `${FRAME}; ${SCALE}; q = QuantizeLinear(x, s, z); y = Kernel(q, w, s)`,
  { w: [4, 4] },
);

Deno.test("asExecuted() gives what the runtime executes", async () => {
  const written = await asExecuted(given, runtimeOf(executed));
  assert.deepEqual(operators(written), ["QuantizeLinear", "Kernel"]);
  assert.equal(written.name, given.name);
});

Deno.test("asExecuted() leaves what is not quantized, and what a runtime does not tell of", async () => {
  const plain = modelOf(`${FRAME}; y = Relu(x)`);
  assert.equal(await asExecuted(plain, runtimeOf(executed)), plain);
  assert.equal(await asExecuted(given, runtimeOf(undefined)), given);
});

const other: readonly (readonly [string, string, Record<string, Tensor | number[]>])[] = [
  ["another kernel", "q = QuantizeLinear(x, s, z); y = Other(q, w, s)", { w: [4, 4] }],
  ["one more kernel", "q = QuantizeLinear(x, s, z); a = Kernel(q, w, s); y = Relu(a)", {
    w: [4, 4],
  }],
  ["other weights", "q = QuantizeLinear(x, s, z); y = Kernel(q, w, s)", {
    w: float32([4, 4], Array(16).fill(1)),
  }],
  ["a change of precision less", "y = Kernel(x, w, s)", { w: [4, 4] }],
];
for (const [what, nodes, weights] of other) {
  Deno.test(`asExecuted() leaves a model of which the second time comes ${what}`, async () => {
    const again = modelOf(`${FRAME}; ${SCALE}; ${nodes}`, weights);
    assert.equal(await asExecuted(given, runtimeOf(executed, again)), given);
  });
}

Deno.test("asExecuted() does not mind names, moves and a round trip by the same scale", async () => {
  const again = modelOf(
    `${FRAME}; tensor scale float32[] = [0.5]; tensor z uint8[] = [3]
     q = QuantizeLinear(x, scale, z); d = DequantizeLinear(q, scale, z)
     e = QuantizeLinear(d, scale, z); t = Transpose(e); y = Kernel(t, v, scale)`,
    { v: [4, 4] },
  );
  const written = await asExecuted(given, runtimeOf(executed, again));
  assert.deepEqual(operators(written), ["QuantizeLinear", "Kernel"]);
});

Deno.test("asExecuted() leaves a model that would grow by more than 2 % and a kilobyte", async () => {
  const larger = (values: number) =>
    modelOf(`${FRAME}; ${SCALE}; q = QuantizeLinear(x, s, z); y = Kernel(q, w, s)`, {
      w: [1, values],
    });
  assert.equal(await asExecuted(given, runtimeOf(larger(400))), given);
  assert.notEqual(await asExecuted(given, runtimeOf(larger(200))), given);
});
