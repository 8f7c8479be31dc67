import assert from "node:assert/strict";
import { lowerConv3d } from "../../lib/passes/lower_conv3d.ts";
import { lowerPool3d } from "../../lib/passes/lower_pool3d.ts";
import { generator } from "../random.ts";
import { modelOf, random } from "./fixtures.ts";
import { count, errorOf, picker, shapesOf } from "./lowering.ts";

/** Relative error that sums in another order may make in float32. */
const ROUNDING = 2e-6;

Deno.test("lowerConv3d() agrees with Conv on 24 random shapes, at two batch sizes", async () => {
  const { between, pick } = picker(generator(5));
  for (let trial = 0; trial < 24; trial++) {
    const group = pick([1, 1, 1, 2, 3]);
    const [channels, filters] = [group * between(1, 3), group * between(1, 4)];
    const kernel = [between(1, 5), between(1, 3), between(1, 3)];
    const dilations = kernel.map((k) => k > 1 && k < 4 ? between(1, 2) : 1);
    const strides = kernel.map(() => between(1, 2));
    const pads = [0, 1].flatMap(() => kernel.map((k) => between(0, k - 1)));
    const lengths = kernel.map((k, i) => (k - 1) * dilations[i]! + between(1, 5));
    const text =
      `kernel [${kernel}], strides [${strides}], pads [${pads}], dilations [${dilations}],
      group ${group}, ${channels} channels, ${filters} filters, map [${lengths}]`;
    const bias = trial % 3 > 0;
    const model = modelOf(
      `input x float32[N, ${channels}, ${lengths.join(", ")}]; output y float32[N, ?, ?, ?, ?]
       y = Conv(x, w${bias ? ", b" : ""}) {strides=[${strides.join(", ")}], ` +
        `pads=[${pads.join(", ")}], dilations=[${dilations.join(", ")}], group=${group}} @ /a/Conv`,
      {
        w: random([filters, channels / group, ...kernel], trial),
        ...bias && { b: random([filters], trial + 100) },
      },
    );
    const dims = { x: [between(1, 2), channels, ...lengths] };
    const shapes = await shapesOf(model, dims);
    const lowered = model.withGraph(lowerConv3d(model.graph, shapes));
    const conv = lowered.graph.node.find(({ opType }) => opType === "Conv")!;
    assert.equal(conv.attribute.find(({ name }) => name === "strides")!.ints.length, 2, text);
    assert.equal(conv.name, "/a/Conv");
    const difference = await errorOf(lowered, model, dims);
    assert.ok(difference < ROUNDING, `${text}: ${difference}`);
  }
});

Deno.test("lowerConv3d() resolves auto_pad, and leaves 2d, unselected and unknown Convs alone", async () => {
  const model = modelOf(
    `input x float32[N, 2, 5, 6, 7]; output y float32[N, 3, 3, 3, 4]
     y = Conv(x, w) {auto_pad="SAME_LOWER", strides=[2, 2, 2]} @ conv`,
    { w: random([3, 2, 3, 2, 3], 1) },
  );
  const dims = { x: [1, 2, 5, 6, 7] };
  const shapes = await shapesOf(model, dims);
  const lowered = model.withGraph(lowerConv3d(model.graph, shapes));
  assert.ok(await errorOf(lowered, model, dims) < ROUNDING);
  assert.equal(lowerConv3d(model.graph, shapes, { select: () => false }), model.graph);
  assert.equal(lowerConv3d(lowered.graph, shapes), lowered.graph);
});

Deno.test("lowerConv3d() keeps kernels in the size they had", async () => {
  const model = modelOf(
    `input x float32[N, 8, 5, 6, 7]; output y float32[N, 8, 5, 6, 7]
     a = Conv(x, w) {pads=[1, 1, 1, 1, 1, 1]}; y = Conv(a, w) {pads=[1, 1, 1, 1, 1, 1]}`,
    { w: random([8, 8, 3, 3, 3], 1) },
  );
  const lowered = model.withGraph(
    lowerConv3d(model.graph, await shapesOf(model, { x: [1, 8, 5, 6, 7] })),
  );
  const weights = lowered.graph.initializer.filter(({ dims }) => dims.length > 1);
  assert.deepEqual(weights.map(({ dims }) => dims.map(Number)), [[8, 24, 3, 3]]);
});

Deno.test("lowerPool3d() gives the very numbers of MaxPool and AveragePool of single frames", async () => {
  const { between, pick } = picker(generator(9));
  for (let trial = 0; trial < 12; trial++) {
    const opType = pick(["MaxPool", "AveragePool"]);
    const [k, stride] = [between(1, 3), between(1, 3)];
    const pads = [0, between(0, k - 1), between(0, k - 1), 0, between(0, k - 1), between(0, k - 1)];
    const more = opType === "AveragePool" ? ", count_include_pad=1" : ", dilations=[1, 1, 1]";
    const model = modelOf(
      `input x float32[N, 3, 4, 6, 7]; output y float32[N, 3, 4, ?, ?]
       y = ${opType}(x) {kernel_shape=[1, ${k}, ${k}], strides=[1, ${stride}, ${stride}], ` +
        `pads=[${pads.join(", ")}], ceil_mode=${between(0, 1)}${more}}`,
    );
    const dims = { x: [2, 3, 4, 6, 7] };
    const shapes = await shapesOf(model, dims);
    const lowered = model.withGraph(lowerPool3d(model.graph, shapes));
    assert.deepEqual(lowered.graph.node.map((node) => node.opType), ["Reshape", opType, "Reshape"]);
    assert.equal(await errorOf(lowered, model, dims), 0);
    assert.equal(lowerPool3d(model.graph, shapes, { select: () => false }), model.graph);
  }
});

Deno.test("lowerPool3d() leaves pools over time, and pools that give indices", async () => {
  const model = modelOf(
    `input x float32[N, 3, 4, 6, 6]; output y float32[N, 3, 3, 3, 3]; output z float32[N, 3, 4, 3, 3]
     y = MaxPool(x) {kernel_shape=[2, 2, 2], strides=[1, 2, 2]}
     z, i = MaxPool(x) {kernel_shape=[1, 2, 2], strides=[1, 2, 2]}`,
  );
  const shapes = await shapesOf(model, { x: [1, 3, 4, 6, 6] });
  assert.equal(lowerPool3d(model.graph, shapes), model.graph);
  assert.equal(count(model, "MaxPool"), 2);
});
