import { assert, assertEquals } from "@std/assert";
import { raiseOpset } from "../../lib/onnx/opset.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { GemmForm } from "../../lib/passes/gemm_forms.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import {
  dynamicInt8,
  perChannel,
  perTensor,
  type QConfig,
  staticInt8,
  type WeightObserver,
  weightOnly,
} from "../../lib/quantize/qconfig.ts";
import { readPlan } from "../../lib/quantize/read_plan.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { modelOf, quantized, samplesOf, sqnrBetween } from "./fixture.ts";

/** Two convolutions on a small map, the second with a residual connection around it. */
function smallMap(side: number): Model {
  return modelOf(
    `input x float32[N, 32, ${side}, ${side}]; output y float32[N, 48, ${side}, ${side}]
     a = Conv(x, conv1.weight, conv1.bias) {pads=[1, 1, 1, 1]} @ /conv1/Conv; b = Relu(a) @ /Relu
     c = Conv(b, conv2.weight, conv2.bias) {pads=[1, 1, 1, 1]} @ /conv2/Conv
     d = Add(c, b) @ /Add; e = Relu(d) @ /Relu_1
     y = Conv(e, conv2.weight, conv2.bias) {pads=[1, 1, 1, 1]} @ /conv3/Conv`,
    {
      "conv1.weight": [48, 32, 3, 3],
      "conv1.bias": [48],
      "conv2.weight": [48, 48, 3, 3],
      "conv2.bias": [48],
    },
  );
}

const KERNELS = 48 * 32 * 9 + 48 * 48 * 9;

async function lowered(model: Model, form: GemmForm, side: number): Promise<Model> {
  const [feeds] = samplesOf({ x: [2, 32, side, side] }, 1);
  const shapes = await learnShapes(model, feeds!);
  return lowerForWasm(model, shapes, { convToGemm: { form: () => form } });
}

/** Bytes of a type in the file, of what is no scale and no bias. */
function weightBytes(model: Model, dataType: number): number {
  const tensors = model.graph.initializer.filter((one) => one.dataType === dataType);
  return tensors.reduce(
    (sum, { dims, rawData }) => dims.length > 1 ? sum + rawData!.length : sum,
    0,
  );
}

/** ONNX's numbers of types. */
const [FLOAT32, INT8] = [1, 3];

const cases: readonly (readonly [GemmForm, number, WeightObserver])[] = [
  ["im2col", 4, perChannel],
  ["perPosition", 3, perChannel],
  ["perPosition", 3, perTensor],
  ["perPosition", 5, perChannel],
  ["perRow", 4, perChannel],
  ["dense", 2, perChannel],
];

Deno.test("static int8 of a lowered network is QGemm throughout, with each kernel once", async (t) => {
  await using runtime = openRuntime({ workers: 1 });
  for (const [form, side, weight] of cases) {
    await t.step(`${form} on ${side}x${side}, ${weight.name}`, async () => {
      const model = smallMap(side);
      const gemms = await lowered(model, form, side);
      const samples = samplesOf({ x: [2, 32, side, side] }, 4);
      const mapping = qconfigMapping({ default: staticInt8({ weight }) });
      const int8 = await quantized(gemms, mapping, samples);
      assertEquals(weightBytes(int8, INT8), KERNELS);
      assertEquals(weightBytes(int8, FLOAT32), 0);
      // Two kernels, however many products read them, have two zero points.
      const zeroPoints = int8.graph.initializer.filter(({ dataType, dims }) =>
        dataType === INT8 && dims.length < 2
      );
      assertEquals(zeroPoints.length, 2);

      const { rows } = readPlan(int8, (await runtime.optimized(int8))!);
      const executed = rows.filter(({ opType }) => opType === "Gemm");
      for (const { node, executes } of executed) assertEquals(executes, "QGemm", node);
      // As good as the integer Conv that it stands for.
      const plain = await quantized(model, mapping, samples);
      const [own, conv] = [
        await sqnrBetween(model, int8, samples),
        await sqnrBetween(model, plain, samples),
      ];
      assert(own > conv - 1.5, `${own} dB, Conv ${conv} dB`);
    });
  }
});

const others: readonly (readonly [string, QConfig])[] = [
  ["dynamic int8", dynamicInt8()],
  ["weight-only int8", weightOnly({ bits: 8 })],
];

for (const [name, qconfig] of others) {
  Deno.test(`${name} stores each kernel of a lowered network once`, async () => {
    const model = raiseOpset(smallMap(3), 13);
    const gemms = await lowered(model, "perPosition", 3);
    const samples = samplesOf({ x: [2, 32, 3, 3] }, 4);
    const mapping = qconfigMapping({ default: qconfig });
    const int8 = await quantized(gemms, mapping, samples);
    assertEquals(weightBytes(int8, INT8), KERNELS);
    assert(await sqnrBetween(model, int8, samples) > 35);
  });
}
