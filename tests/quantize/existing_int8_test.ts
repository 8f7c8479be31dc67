import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../lib/errors.ts";
import { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert, type QuantFormat } from "../../lib/quantize/convert.ts";
import { requireFloat } from "../../lib/quantize/decide.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { dynamicInt8, float32, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { quantizeDynamic } from "../../lib/quantize/quantize_dynamic.ts";
import { readPlan } from "../../lib/quantize/read_plan.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { modelOf, quantized, samplesOf, sqnrBetween } from "./fixture.ts";

const network = () =>
  modelOf(
    `input x float32[N, 8, 12, 12]; output y float32[N, 16, 12, 12]
    a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu1
    b = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2; s = Add(b, x) @ add
    c = Conv(s, w1, b1) {pads=[1, 1, 1, 1]} @ conv3; t = Relu(c) @ relu2
    d = Conv(t, w3) {pads=[1, 1, 1, 1]} @ conv4; y = Sigmoid(d) @ sigmoid`,
    { w1: [16, 8, 3, 3], b1: [16], w2: [8, 16, 3, 3], w3: [16, 16, 3, 3] },
  );
const samples = samplesOf({ x: [1, 8, 12, 12] }, 3);
const everything = qconfigMapping({ default: staticInt8() });

/** A network that someone else made int8 but for the nodes of these names. */
async function partly(kept: readonly string[], format: QuantFormat): Promise<Model> {
  const rules = kept.map((name): Rule => [name, float32]);
  const mapping = qconfigMapping({ default: staticInt8(), rules });
  const int8 = await quantized(network(), mapping, samples, { format });
  return new Model(int8.proto);
}

Deno.test("convert() quantizes the rest of a network that is int8 in part, and reuses its scales", async () => {
  await using runtime = openRuntime({ workers: 1 });
  for (const format of ["QDQ", "QOperator"] as const) {
    const half = fuse(await partly(["conv4"], format));
    const prepared = prepare(half, everything);
    // What conv4 reads has a scale; only what it gives needs one.
    assertEquals(prepared.tensors, ["d"]);
    const whole = await quantized(half, everything, samples, { format });
    const executed = readPlan(whole, (await runtime.optimized(whole))!).executes();
    assertEquals(executed["QLinearConv"], 4);
    assertEquals(executed["Conv"], undefined);
    assertEquals(await sqnrBetween(network(), whole, samples) > 30, true);
  }
});

Deno.test("convert() stores weights small beside what is int8 already, and leaves that alone", async () => {
  await using runtime = openRuntime({ workers: 1 });
  const half = await partly(["conv4"], "QDQ");
  const small = convert(half, qconfigMapping({ default: weightOnly() }));
  const plan = readPlan(small, (await runtime.optimized(small))!);
  const row = (name: string) => plan.rows.find(({ node }) => node === name)!;
  assertEquals(row("conv4").why, "default");
  assertEquals(row("conv4").executes, "FusedConv");
  assertEquals(row("conv1").why, "default; it is int8 already");
  assertEquals(row("conv1").executes, "QLinearConv");
});

Deno.test("a network of which all that can be is int8 already is refused, by the name of a layer", async () => {
  for (const format of ["QDQ", "QOperator"] as const) {
    const whole = await partly([], format);
    for (const qconfig of [staticInt8(), dynamicInt8(), weightOnly()]) {
      const mapping = qconfigMapping({ default: qconfig });
      assertThrows(
        () => convert(whole, mapping),
        UserError,
        "export the float32 network that it was made from",
      );
    }
    assertThrows(() => prepare(fuse(whole), everything), UserError, "it is int8 already");
    // What computes is the witness, not what changes types around it.
    const witness = format === "QDQ" ? "Conv" : "QLinearConv";
    assertThrows(() => requireFloat(whole.graph), UserError, `as ${witness} node "conv1" and`);
    // A whole file is read as float32 first.
    const again = await quantizeDynamic(whole);
    assertEquals(again.graph.output.map(({ name }) => name), ["y"]);
    const untouched = convert(whole, qconfigMapping({ default: float32 }));
    assertEquals(untouched.bytes(), whole.bytes());
  }
});
