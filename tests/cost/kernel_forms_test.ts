import assert from "node:assert/strict";
import { kernelForms } from "../../lib/cost/kernel_forms.ts";
import { shapesOf } from "../passes/lowering.ts";
import { modelOf, samplesOf } from "../quantize/fixture.ts";

/** What Convs of so many channels on a map of 8x8 may be written as, with the kind of each form. */
async function writtenForms(channels: number, options: { int8: boolean; stride?: number }) {
  const { int8, stride = 1 } = options;
  const model = modelOf(
    `input x float32[1, ${channels}, 8, 8]; output y float32[1, ${channels}, ?, ?]
     y = Conv(x, w) {pads=[1, 1, 1, 1], strides=[${stride}, ${stride}]} @ conv`,
    { w: [channels, channels, 3, 3] },
  );
  const [feeds] = samplesOf({ x: [1, channels, 8, 8] }, 1);
  const shapes = await shapesOf(model, { x: [1, channels, 8, 8] });
  const forms = kernelForms({ model, feeds: feeds! }, shapes, { int8, rewrites: false });
  return forms.flatMap(({ written, form }) => written ? [{ written, form }] : []);
}

Deno.test("kernelForms() has integer products for wide 3x3 Convs, where int8 may be, and keeps their weights float32 until then", async () => {
  const isIntegers = ({ written }: { written: string }) => written === "winograd 2x2, integers";
  const found = (await writtenForms(128, { int8: true })).filter(isIntegers);
  assert.equal(found.length, 1);
  const { kind, asked } = found[0]!.form;
  assert.equal(kind, "dynamic");
  assert.deepEqual([...asked].map(([name, { kind }]) => [name, kind]), [["conv", "float32"]]);
  const others = [
    await writtenForms(128, { int8: false }),
    await writtenForms(128, { int8: true, stride: 2 }),
    await writtenForms(96, { int8: true }),
  ];
  for (const forms of others) {
    assert.ok(!forms.some(isIntegers));
    assert.ok(forms.every(({ form }) => form.kind === "float32"));
  }
});
