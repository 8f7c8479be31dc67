import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { UserError } from "../../lib/errors.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { quantizeStatic } from "../../lib/quantize/one_call.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { dynamicInt8, perTensor, staticInt8 } from "../../lib/quantize/qconfig.ts";
import { CORRECTIONS, quantizeWith } from "../../lib/quantize/quantize_with.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";
import { modelOf, runAll, sqnrBetween } from "./fixture.ts";

const MAPPING = qconfigMapping({ default: staticInt8({ weight: perTensor }) });

/** Two layers, of which the first has channels of very different reach. */
function uneven() {
  const w1 = normal(8 * 3, 1).map((w, i) => w * 2 ** -Math.floor(i / 3));
  const w2 = normal(4 * 8, 2).map((w, i) => w * 2 ** (i % 8));
  return modelOf(
    `input x float32[N, 3, 6, 6]
    output y float32[N, 4, 6, 6]
    c = Conv(x, w1, b1) @ first
    r = Relu(c)
    y = Conv(r, w2, b2) @ second`,
    { w1: float32([8, 3, 1, 1], w1), w2: float32([4, 8, 1, 1], w2), b1: [8], b2: [4] },
  );
}

const samples = Array.from({ length: 8 }, (_, i) => ({
  x: float32([1, 3, 6, 6], normal(108, 10 + i).map((x) => x + 1)),
}));

Deno.test("quantizeWith() without corrections is calibrate() and convert()", async () => {
  const model = uneven();
  const { int8, float32, calibration } = await quantizeWith(model, MAPPING, samples);
  const seen = await calibrate(prepare(model, MAPPING), samples);
  assertStrictEquals(float32, model);
  assertEquals(calibration, seen);
  assertEquals(int8.bytes(), convert(model, MAPPING, seen).bytes());
  const again = await quantizeWith(model, MAPPING, [], { calibration: seen });
  assertEquals(again.int8.bytes(), int8.bytes());
});

Deno.test("quantizeWith() makes corrections, each of which brings int8 closer, and says so in the plan", async () => {
  const model = uneven();
  const sqnr = async (corrections: readonly (typeof CORRECTIONS)[number][]) => {
    const { int8 } = await quantizeWith(model, MAPPING, samples, { corrections });
    return await sqnrBetween(model, int8, samples);
  };
  const plain = await sqnr([]);
  const even = await sqnr(["equalize"]);
  const all = await sqnr(["bias", "equalize"]);
  assert(even > plain + 3, `${plain} to ${even} dB`);
  assert(all > even, `${even} to ${all} dB`);

  const { int8, float32 } = await quantizeWith(model, MAPPING, samples, {
    corrections: ["equalize", "bias"],
    format: "QOperator",
  });
  const [first] = int8.plan.rows;
  assertEquals(first!.why, "default; equalized with second; bias corrected");
  assertEquals(await runAll(float32, samples), await runAll(model, samples));
  assert(int8.graph.node.some(({ opType }) => opType === "QLinearConv"));
});

Deno.test("quantizeWith() needs no samples where nothing is static", async () => {
  const mapping = qconfigMapping({ default: dynamicInt8() });
  const corrections = CORRECTIONS;
  const { calibration, int8 } = await quantizeWith(uneven(), mapping, [], { corrections });
  assertEquals(calibration, undefined);
  assertEquals(int8.plan.rows[0]!.asked, "dynamic");
});

Deno.test("quantizeWith() says so where samples cannot be read a second time", async () => {
  const once = samples.values();
  await assertRejects(
    () => quantizeWith(uneven(), MAPPING, once, { corrections: ["bias"] }),
    UserError,
    "not a generator that calibration has read already",
  );
});

Deno.test("quantizeStatic() makes corrections that it is asked for", async () => {
  const { plan } = await quantizeStatic(uneven(), samples, { corrections: ["bias"] });
  assert(plan.rows[0]!.why.includes("bias corrected"));
});
