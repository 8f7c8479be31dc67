import assert from "node:assert/strict";
import { makeNode } from "../../lib/onnx/node.ts";
import { windowOf } from "../../lib/onnx/pool_window.ts";
import type { ConvShape } from "../../lib/passes/read_conv.ts";
import { whyNoWinograd, winogradCost, winogradForms } from "../../lib/passes/winograd_forms.ts";

/** A Conv that keeps the lengths of its map, if its stride is 1. */
function conv(
  [channels, filters]: [number, number],
  map: number[],
  kernel: number[],
  { stride = 1, group = 1 } = {},
): ConvShape {
  const pads = [...kernel, ...kernel].map((taps) => Math.floor(taps / 2));
  const node = makeNode("Conv", ["x", "w"], ["y"], { pads, strides: map.map(() => stride) });
  const window = windowOf(node, map, kernel)!;
  return {
    node,
    group,
    window,
    batch: 1,
    channels,
    filters,
    spatialAxes: map.map((_, i) => i + 2),
  };
}

Deno.test("winogradForms() names a few forms of a dense 3x3, the heaviest first", () => {
  const layer = conv([64, 64], [56, 56], [3, 3]);
  const forms = winogradForms(layer);
  assert.ok(forms.length >= 3 && forms.length <= 4, `${forms}`);
  assert.ok(forms.includes("winograd 4x4") && forms.includes("winograd 2x2"), `${forms}`);
  const bytes = forms.map((form) => winogradCost(layer, form)!.weightBytes);
  assert.deepEqual(bytes, bytes.toSorted((a, b) => b - a));
});

Deno.test("winogradForms() names none where none can pay", () => {
  assert.deepEqual(winogradForms(conv([64, 64], [56, 56], [1, 1])), []);
  assert.deepEqual(winogradForms(conv([64, 64], [56, 56], [3, 3], { group: 64 })), []);
  assert.deepEqual(winogradForms(conv([3, 64], [224, 224], [3, 3])), []);
  assert.deepEqual(winogradForms(conv([32, 32], [112, 112], [3, 3], { stride: 2 })), []);
});

Deno.test("whyNoWinograd() tells what cannot be from what does not pay", () => {
  const why = [
    conv([64, 64], [56, 56], [3, 3], { group: 64 }),
    conv([3, 64], [224, 224], [3, 3]),
    conv([64, 64], [56, 56], [1, 1]),
    conv([64, 64], [8, 8, 8], [3, 3, 3]),
    conv([32, 32], [112, 112], [3, 3], { stride: 2 }),
  ].map(whyNoWinograd);
  assert.match(why[0]!, /groups/);
  assert.match(why[1]!, /fewer than 16 channels/);
  assert.match(why[2]!, /single tap/);
  assert.match(why[3]!, /none for its kernel/);
  assert.match(why[4]!, /estimated/);
});

Deno.test("winogradForms() names forms along one axis, and of large kernels", () => {
  for (const form of winogradForms(conv([96, 96], [76, 32], [3, 1]))) assert.match(form, /x1$/);
  for (const form of winogradForms(conv([256, 256], [512], [3]))) assert.match(form, / 1x/);
  assert.ok(winogradForms(conv([96, 96], [76, 32], [3, 1])).length > 0);
  assert.ok(winogradForms(conv([256, 256], [512], [3])).length > 0);
  assert.ok(winogradForms(conv([128, 128], [28, 28], [5, 5])).includes("winograd 4x4"));
});

Deno.test("winogradCost() counts the weights and products of F(4x4, 3x3) as by hand", () => {
  // 36 points; tiles of 4x4 cover 14x14 in 4x4 tiles.
  const cost = winogradCost(conv([16, 32], [14, 14], [3, 3]), "winograd 4x4")!;
  assert.equal(cost.weightBytes, 36 * 16 * 32 * 4);
  assert.equal(cost.macs, 36 * 16 * 16 * 32);
  // By 2, even inputs meet two taps and odd ones the third, whose kernel is the same at both points.
  const strided = winogradCost(conv([16, 32], [14, 14], [3, 3], { stride: 2 }), "winograd 2x2")!;
  assert.equal(strided.weightBytes, 4 * 4 * 16 * 32 * 4);
  assert.equal(strided.macs, 5 * 5 * 16 * 16 * 32);
  assert.equal(winogradCost(conv([16, 32], [14, 14], [1, 1]), "winograd 2x2"), undefined);
});
