import { assert, assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../lib/errors.ts";
import {
  defaultQConfig,
  defaultQConfigMapping,
  type Preset,
  PRESETS,
} from "../../lib/quantize/presets.ts";
import { parseQuantizeConfig } from "../../lib/config/quantize_config.ts";
import { modelOf, quantized, samplesOf, stepOf, stored } from "./fixture.ts";

/** A convolution, and a GRU behind it, for which there is no static kernel. */
const NETWORK = modelOf(
  `input x float32[1, 8, 6, 6]
   output y float32[6, 1, 1, 16]
   c = Conv(x, cw) {pads=[1, 1, 1, 1]}
   r = Relu(c)
   m = ReduceMean(r) {axes=[3], keepdims=0}
   t = Transpose(m) {perm=[2, 0, 1]}
   y = GRU(t, w, u) {hidden_size=16}`,
  { cw: [8, 8, 3, 3], w: [1, 48, 8], u: [1, 48, 16] },
);

const SAMPLES = samplesOf({ x: [1, 8, 6, 6] }, 4);

Deno.test("every preset quantizes the convolution; only wasm stores the GRU small", async () => {
  for (const preset of PRESETS) {
    const int8 = await quantized(NETWORK, defaultQConfigMapping(preset), SAMPLES);
    const forms = Object.fromEntries(int8.plan.rows.map(({ opType }, i) => [
      opType,
      int8.traces[i]!.form,
    ]));
    assertEquals(forms.Conv, "static", preset);
    assertEquals(forms.GRU, preset === "wasm" ? "weightOnly" : "float32", preset);
  }
});

Deno.test("fbgemm and x86 use half of the integers, qnnpack one scale for a whole weight", async () => {
  const steps: Partial<Record<Preset, number>> = {};
  const scales: Partial<Record<Preset, number>> = {};
  for (const preset of PRESETS) {
    const int8 = await quantized(NETWORK, defaultQConfigMapping(preset), SAMPLES);
    steps[preset] = stepOf(int8, "x");
    scales[preset] = stored(int8, "cw_scale")!.data.length;
  }
  const { fbgemm, x86, onednn, qnnpack } = steps;
  assert(Math.abs(fbgemm! / onednn! - 255 / 127) < 1e-6);
  assertEquals([x86, qnnpack], [fbgemm, onednn]);
  assertEquals(scales, { wasm: 8, fbgemm: 8, x86: 8, onednn: 8, qnnpack: 1 });
});

Deno.test("an unknown preset is an error with the nearest name, in code as in a config", () => {
  const misspelt = "fbgem" as Preset;
  assertThrows(() => defaultQConfigMapping(misspelt), UserError, `did you mean "fbgemm"?`);
  assertThrows(() => defaultQConfig("tpu" as Preset), UserError, "there are wasm, fbgemm");
  assertThrows(() => parseQuantizeConfig('{ "default": "fbgem" }'), UserError, `"fbgemm"?`);
});

Deno.test("a config names a preset where it names a qconfig", () => {
  const text = '{ "default": "wasm", "rules": [["front", "qnnpack"]] }';
  const { default: byDefault, rules } = parseQuantizeConfig(text).mapping;
  assertEquals(JSON.stringify(byDefault), JSON.stringify(defaultQConfig("wasm")));
  assertEquals(JSON.stringify(rules[0]![1]), JSON.stringify(defaultQConfig("qnnpack")));
});
