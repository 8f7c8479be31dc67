import { assertEquals } from "@std/assert";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { float32, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { readPlan } from "../../lib/quantize/read_plan.ts";
import { modelOf, quantized, samplesOf } from "./fixture.ts";

Deno.test("readPlan() does not say of what moves uint8 that it stays float32", async () => {
  const model = modelOf(
    `input x float32[N, 8, 6, 6]; output y float32[N, 6, 6, 16]
    a = Conv(x, w) {pads=[1, 1, 1, 1]} @ conv; y = Transpose(a) {perm=[0, 2, 3, 1]} @ turn`,
    { w: [16, 8, 3, 3] },
  );
  const int8 = await quantized(
    model,
    qconfigMapping({ default: staticInt8() }),
    samplesOf({ x: [1, 8, 6, 6] }, 4),
  );
  assertEquals(int8.plan.rows[1]!.why, "default; stays float32: its result is read in float32");
  // As the runtime does it where that saves a change of layout.
  const executed = parseModel(`
    input x float32[N, 8, 6, 6]
    output y float32[N, 6, 6, 16]
    q = QuantizeLinear(x, s) @ in
    c = QLinearConv(q, s) @ conv
    t = Transpose(c) {perm=[0, 2, 3, 1]} @ turn
    y = DequantizeLinear(t, s) @ out`);
  const [, turn] = readPlan(int8, executed).rows;
  assertEquals(turn!.executes, "Transpose uint8");
  assertEquals(turn!.why, "default; it moves uint8 in place of float32, which changes no value");
});

Deno.test("readPlan() finds a product into which the runtime took a scale", () => {
  const model = modelOf(
    `input x float32[2, 4]; input t float32[4, 2]; output y float32[2, 2]
    m = MatMul(x, t) @ scores; y = Mul(m, half) @ scaled`,
    { half: [1] },
  );
  const plain = convert(model, qconfigMapping({ default: float32 }));
  const executed = parseModel(`
    input x float32[2, 4]
    input t float32[4, 2]
    output y float32[2, 2]
    y = FusedMatMul(x, t) @ scores/MatMulScaleFusion/`);
  const { rows } = readPlan(plain, executed);
  assertEquals(rows.map(({ executes }) => executes), ["FusedMatMul", "in FusedMatMul"]);
});

Deno.test("readPlan() finds a Gemm into which the runtime took the Relu behind it", () => {
  const model = modelOf(
    `input x float32[2, 4]; output y float32[2, 2]
    g = Gemm(x, w) @ head; y = Relu(g) @ act`,
    { w: [4, 2] },
  );
  const plain = convert(model, qconfigMapping({ default: float32 }));
  const executed = parseModel(`
    input x float32[2, 4]
    output y float32[2, 2]
    y = FusedGemm(x) @ "fused head"`);
  const { rows } = readPlan(plain, executed);
  assertEquals(rows.map(({ executes }) => executes), ["FusedGemm", "in FusedGemm"]);
});
