import assert from "node:assert/strict";
import { convTransposeToConv } from "../../lib/passes/conv_transpose_to_conv.ts";
import { LoweredModel, lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import type { ShapeMap } from "../../lib/onnx/shape_map.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { elementCount, float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, run } from "./fixtures.ts";
import { count, shapesOf } from "./lowering.ts";

/** Relative error that sums in another order may make in float32. */
const ROUNDING = 2e-6;

/** A case: how the node is written, its weight [channels, filters / group, ...kernel], and its input. */
interface Case {
  readonly attributes: string;
  readonly weight: readonly number[];
  readonly x: readonly number[];
  /** Outputs cut off before the first, along each axis. */
  readonly begins: readonly number[];
  /** Lengths of the output. */
  readonly lengths: readonly number[];
  readonly group?: number;
  readonly strides: readonly number[];
  readonly dilations?: readonly number[];
}

/** Every input, times every tap, added where it belongs. */
function slowly(one: Case, x: Tensor, weight: Tensor, bias: Tensor): Tensor<"float32"> {
  const { begins, lengths, group = 1, strides, dilations = strides.map(() => 1) } = one;
  const [batch = 0, channels = 0, ...map] = x.dims;
  const [, perGroup = 0, ...kernel] = weight.dims;
  const filters = group * perGroup;
  const places = (dims: readonly number[]) =>
    Array.from({ length: elementCount(dims) }, (_, flat) => {
      const place: number[] = [];
      for (let i = dims.length - 1, rest = flat; i >= 0; i--) {
        place[i] = rest % dims[i]!;
        rest = Math.floor(rest / dims[i]!);
      }
      return place;
    });
  const dims = [batch, filters, ...lengths];
  const y = new Float64Array(elementCount(dims));
  const size = elementCount(lengths);
  const [inputs, taps] = [places(map), places(kernel)];
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < filters; f++) {
      y.fill(Number(bias.data[f]), (n * filters + f) * size, (n * filters + f + 1) * size);
    }
    for (let c = 0; c < channels; c++) {
      const first = Math.floor(c / (channels / group)) * perGroup;
      inputs.forEach((input, i) => {
        const value = Number(x.data[(n * channels + c) * inputs.length + i]);
        taps.forEach((tap, t) => {
          const to = input.map((at, k) => at * strides[k]! + tap[k]! * dilations[k]! - begins[k]!);
          if (to.some((at, k) => at < 0 || at >= lengths[k]!)) return;
          const flat = to.reduce((sum, at, k) => sum * lengths[k]! + at, 0);
          for (let f = 0; f < perGroup; f++) {
            const weighs = Number(weight.data[(c * perGroup + f) * taps.length + t]);
            y[(n * filters + first + f) * size + flat]! += value * weighs;
          }
        });
      });
    }
  }
  return float32(dims, Float32Array.from(y));
}

const CASES: readonly Case[] = [
  {
    attributes: "strides=[2, 2], pads=[1, 1, 1, 1]",
    weight: [3, 5, 4, 4],
    x: [2, 3, 4, 3],
    strides: [2, 2],
    begins: [1, 1],
    lengths: [8, 6],
  },
  {
    attributes: "strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]",
    weight: [4, 2, 3, 3],
    x: [1, 4, 3, 5],
    strides: [2, 2],
    begins: [1, 1],
    lengths: [6, 10],
  },
  { // asymmetric in every way, with taps apart and a surplus
    attributes: "strides=[3, 2], pads=[0, 2, 1, 1], dilations=[2, 1], output_padding=[1, 0]",
    weight: [2, 3, 4, 5],
    x: [2, 2, 3, 4],
    strides: [3, 2],
    dilations: [2, 1],
    begins: [0, 2],
    lengths: [13, 8],
  },
  { // a phase that begins and ends within its input
    attributes: "strides=[2, 2], pads=[2, 1, 2, 1]",
    weight: [2, 3, 3, 2],
    x: [1, 2, 5, 4],
    strides: [2, 2],
    begins: [2, 1],
    lengths: [7, 6],
  },
  { // one phase: a Conv with its kernel turned around
    attributes: "pads=[1, 0, 0, 2]",
    weight: [3, 2, 3, 4],
    x: [1, 3, 4, 4],
    strides: [1, 1],
    begins: [1, 0],
    lengths: [5, 5],
  },
  {
    attributes: "strides=[2, 3], group=2, pads=[1, 0, 1, 0]",
    weight: [4, 3, 4, 3],
    x: [1, 4, 3, 3],
    strides: [2, 3],
    group: 2,
    begins: [1, 0],
    lengths: [6, 9],
  },
  { // 4 of 9 outputs are cut off: 2 before
    attributes: "strides=[2, 2], output_shape=[7, 5]",
    weight: [2, 2, 5, 3],
    x: [1, 2, 4, 4],
    strides: [2, 2],
    begins: [2, 2],
    lengths: [7, 5],
  },
  {
    attributes: 'strides=[2, 2], auto_pad="SAME_UPPER"',
    weight: [2, 2, 3, 5],
    x: [1, 2, 3, 3],
    strides: [2, 2],
    begins: [0, 1],
    lengths: [6, 6],
  },
  {
    attributes: 'strides=[2, 2], auto_pad="SAME_LOWER"',
    weight: [2, 2, 3, 5],
    x: [1, 2, 3, 3],
    strides: [2, 2],
    begins: [1, 2],
    lengths: [6, 6],
  },
  {
    attributes: "strides=[8], pads=[4, 4]",
    weight: [3, 2, 16],
    x: [2, 3, 5],
    strides: [8],
    begins: [4],
    lengths: [40],
  },
  {
    attributes: "strides=[2], pads=[0, 1]",
    weight: [2, 4, 3],
    x: [1, 2, 4],
    strides: [2],
    begins: [0],
    lengths: [8],
  },
];

Deno.test("convTransposeToConv() agrees with the runtime and with a plain sum, in all cases at once", async () => {
  const names = CASES.map((_, i) => i);
  const open = (dims: readonly number[]) => ["N", ...dims.slice(1)].join(", ");
  const model = modelOf(
    names.map((i) => `input x${i} float32[${open(CASES[i]!.x).replace("N", `N${i}`)}]`).join("; ") +
      "\n" + names.map((i) => `output y${i} float32[${CASES[i]!.x.map(() => "?")}]`).join("; ") +
      "\n" + CASES.map(({ attributes }, i) => {
        return `y${i} = ConvTranspose(x${i}, w${i}, b${i}) {${attributes}} @ /m${i}/ConvTranspose`;
      }).join("; "),
    Object.fromEntries(CASES.flatMap(({ weight, group = 1 }, i) => [
      [`w${i}`, random(weight, i)],
      [`b${i}`, random([group * weight[1]!], 100 + i)],
    ])),
  );
  const dims = Object.fromEntries(CASES.map(({ x }, i) => [`x${i}`, x]));
  const shapes = await shapesOf(model, dims);
  const written = model.withGraph(convTransposeToConv(model.graph, shapes));
  assert.equal(count(written, "ConvTranspose"), 0);
  const feeds = Object.fromEntries(CASES.map(({ x }, i) => [`x${i}`, random(x, 200 + i)]));
  const [given, found] = [await run(model, feeds), await run(written, feeds)];
  CASES.forEach((one, i) => {
    const y = slowly(
      one,
      feeds[`x${i}`]!,
      random(one.weight, i),
      random([
        (one.group ?? 1) * one.weight[1]!,
      ], 100 + i),
    );
    const of = (values: Readonly<Record<string, Tensor>>) => ({ y: values[`y${i}`]! });
    assert.deepEqual(found[`y${i}`]!.dims, y.dims, one.attributes);
    assert.ok(error(of(found), { y }) < ROUNDING, `${one.attributes}: ${error(of(found), { y })}`);
    assert.ok(error(of(given), { y }) < ROUNDING, `${one.attributes}: as given`);
  });
});

function inPhases(model: Model, shapes: ShapeMap): Model {
  return lowerForWasm(model, shapes, { convTranspose: {}, convToGemm: false });
}

Deno.test("convTransposeToConv() takes in the activation behind it, and keeps batch and lengths open", async () => {
  const model = modelOf(
    `input x float32[N, 2, H, W]; output y float32[N, 2, ?, ?]
     tensor six float32[] = [6.0]
     a = ConvTranspose(x, w1) {strides=[2, 2], pads=[1, 1, 1, 1]} @ up1
     b = Clip(a, "", six) @ clip
     c = ConvTranspose(b, w2, bias) {strides=[2, 2], pads=[0, 1, 1, 1]} @ up2
     d = LeakyRelu(c) {alpha=0.3} @ leaky
     y = Add(c, d)`,
    { w1: random([2, 3, 4, 4], 1), w2: random([3, 2, 3, 3], 2), bias: random([2], 3) },
  );
  const lowered = inPhases(model, await shapesOf(model, { x: [1, 2, 3, 4] }));
  assert.equal(count(lowered, "Conv"), 8);
  assert.equal(count(lowered, "Clip"), 4);
  assert.equal(count(lowered, "LeakyRelu"), 1); // what it reads is read by another, too
  assert.equal(count(lowered, "Identity"), 0);
  for (const dims of [[1, 2, 3, 4], [3, 2, 5, 2]]) {
    const feeds = { x: random(dims, 4, 5) };
    assert.ok(error(await run(lowered, feeds), await run(model, feeds)) < ROUNDING);
  }
});

Deno.test("convTransposeToConv() fixes lengths that its form depends on, and leaves what it cannot write", async () => {
  const strides = modelOf(
    `input x float32[N, 2, H, 4]; output y float32[N, 2, ?, ?]
     y = ConvTranspose(x, w) {strides=[2, 1]}`,
    { w: random([2, 2, 2, 2], 1) },
  );
  const lowered = inPhases(strides, await shapesOf(strides, { x: [1, 2, 3, 4] }));
  assert.ok(lowered instanceof LoweredModel);
  assert.deepEqual(lowered.fixed.map(({ length }) => length), [3]);
  const others = modelOf(
    `input x float32[N, 2, 3, 3]; input v float32[2, 2, 3, 3]
     output a float32[N, 2, ?, ?]; output b float32[N, 2, ?, ?]; output c float32[N, 2, ?, ?]
     a = ConvTranspose(x, v) {strides=[2, 2]} @ computed
     b = ConvTranspose(x, w) {strides=[4, 4]} @ gaps
     c = ConvTranspose(x, w) {strides=[5, 5], pads=[1, 1, 1, 1], dilations=[2, 2]} @ many`,
    { w: random([2, 2, 3, 3], 1) },
  );
  const shapes = await shapesOf(others, { x: [1, 2, 3, 3], v: [2, 2, 3, 3] });
  assert.equal(convTransposeToConv(others.graph, shapes), others.graph);
  const none = { select: () => false };
  assert.equal(convTransposeToConv(strides.graph, shapes, none), strides.graph);
});
