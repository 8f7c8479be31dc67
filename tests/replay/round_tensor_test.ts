import assert from "node:assert/strict";
import { roundTensor } from "../../lib/replay/round_tensor.ts";
import { affineParams, quantizeValue, UINT8 } from "../../lib/quantize/affine.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf, run } from "../quantize/fixture.ts";
import { normal } from "../random.ts";
import { branchedModel } from "./network.ts";

Deno.test("roundTensor() gives to the bit what quantizeValue() gives, times the scale", async () => {
  const model = modelOf(`graph g
    input x float32[1003]
    output y float32[1003]
    h = Mul(x, two)
    y = Neg(h)`);
  const two = modelOf("graph g\n input x float32[1]\n output x float32[1]", {
    two: float32([], [2]),
  }).graph.initializer;
  const doubled = model.withGraph({ ...model.graph, initializer: two });
  for (const range of [{ min: -2.5, max: 3.1 }, { min: 0, max: 0.7 }, { min: -4, max: -1 }]) {
    const params = affineParams(range);
    const { scale, zeroPoint } = params;
    // Ties between two integers among them, and both infinities of the range.
    const values = [...normal(1000, 3), 1.25 * scale, 0, -0.75 * scale];
    const x = Float32Array.from(values);
    const { y } = await run(roundTensor(doubled, "h", params), { x: float32([1003], x) });
    const expected = x.map((value) => {
      const integer = quantizeValue(Math.fround(2 * value), params, UINT8);
      return -Math.fround((integer - zeroPoint) * scale);
    });
    assert.deepEqual(
      [...y!.data as Float32Array].map((v) => v + 0),
      [...expected].map((v) => v + 0),
    );
  }
});

Deno.test("roundTensor() rounds an input for all that read it", async () => {
  const model = modelOf(`graph g
    input x float32[3]
    output y float32[3]
    output z float32[3]
    y = Neg(x)
    z = Abs(x)`);
  const rounded = roundTensor(model, "x", { scale: 1, zeroPoint: 2 });
  const { y, z } = await run(rounded, { x: float32([3], [-7.2, 0.4, 1.6]) });
  assert.deepEqual([...y!.data as Float32Array].map((v) => v + 0), [2, 0, -2]);
  assert.deepEqual([...z!.data as Float32Array], [2, 0, 2]);
});

Deno.test("roundTensor() rounds an output, and what reads it", async () => {
  const model = modelOf(`graph g
    input x float32[2]
    output h float32[2]
    output y float32[2]
    h = Abs(x)
    y = Neg(h)`);
  const rounded = roundTensor(model, "h", { scale: 0.5, zeroPoint: 0 });
  const { h, y } = await run(rounded, { x: float32([2], [-0.7, 3.2]) });
  assert.deepEqual([...h!.data as Float32Array], [0.5, 3]);
  assert.deepEqual([...y!.data as Float32Array], [-0.5, -3]);
});

Deno.test("roundTensor() rounds what the body of an If reads", async () => {
  const model = modelOf(`graph g
    input x float32[1]
    input c bool[]
    output y float32[1]
    h = Abs(x)
    y = If(c) {
      then_branch=graph then { output a float32[1]; a = Neg(h) },
      else_branch=graph else { output b float32[1]; b = Exp(h) }
    }`);
  const rounded = roundTensor(model, "h", { scale: 1, zeroPoint: 0 });
  const c = { type: "bool", dims: [], data: Uint8Array.of(1) } as const;
  const { y } = await run(rounded, { x: float32([1], [2.6]), c });
  assert.deepEqual([...y!.data as Float32Array], [-3]);
});

Deno.test("roundTensor() leaves every kernel in float32", async () => {
  await using runtime = openRuntime({ workers: 1 });
  for (const name of ["x", "r1", "s", "r2", "g"]) {
    const rounded = roundTensor(branchedModel(), name, { scale: 0.1, zeroPoint: 7 });
    const { graph } = (await runtime.optimized(rounded))!;
    const ops = graph.node.map(({ opType }) => opType);
    assert.equal(ops.filter((op) => /Conv$/.test(op) && !/QLinear/.test(op)).length, 3, `${ops}`);
    assert.ok(!ops.some((op) => /^(QLinear|QGemm)/.test(op)), `${name}: ${ops}`);
    assert.equal(ops.filter((op) => op === "QuantizeLinear").length, 1, `${ops}`);
  }
});

Deno.test("roundTensor() says of a tensor that is not there that it is not", () => {
  assert.throws(
    () => roundTensor(branchedModel(), "r9", { scale: 1, zeroPoint: 0 }),
    /Cannot round "r9": no node of .* gives it, and it is no input/,
  );
});
