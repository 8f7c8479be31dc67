import assert from "node:assert/strict";
import { ShapeMap } from "../../lib/onnx/shape_map.ts";
import { windowOf } from "../../lib/onnx/pool_window.ts";
import { withContribGraph } from "../../lib/onnx/contrib.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { ConvShape } from "../../lib/passes/read_conv.ts";
import { convToWinograd } from "../../lib/passes/conv_to_winograd.ts";
import type { WinogradForm } from "../../lib/record/recipe.ts";
import { decibelsOf, relativeNoise } from "../../lib/evaluate/closeness.ts";
import { roundMatrix } from "../../lib/quantize/round_matrix.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { nearestStepFloat32, roundEven } from "../../lib/tensor/round.ts";
import { modelOf, random } from "./fixtures.ts";
import { count, errorOf, shapesOf } from "./lowering.ts";

/** A Conv, and the form that it is to have. */
interface Case {
  readonly form: WinogradForm;
  readonly channels?: number;
  readonly filters?: number;
  readonly map: readonly number[];
  readonly kernel: readonly number[];
  readonly attributes?: string;
  readonly bias?: boolean;
}

/** With more channels each point has a product of its own; with as few as most have, one is for all. */
const CASES: readonly Case[] = [
  {
    form: "winograd 2x2",
    map: [6, 6],
    kernel: [3, 3],
    attributes: "pads=[1, 1, 1, 1]",
    channels: 24,
    filters: 20,
  },
  { form: "winograd 4x4", map: [9, 7], kernel: [3, 3], attributes: `auto_pad="SAME_UPPER"` },
  { form: "winograd 7x2", map: [7, 7], kernel: [3, 3], attributes: "pads=[1, 1, 1, 1]" },
  { form: "winograd 4x3", map: [8, 11], kernel: [3, 3], attributes: "pads=[0, 2, 1, 0]" },
  { form: "winograd 3x5", map: [5, 9], kernel: [3, 3], bias: false },
  { form: "winograd 4x1", map: [7, 5], kernel: [3, 1], attributes: "pads=[1, 0, 1, 0]" },
  { form: "winograd 1x6", map: [2, 13], kernel: [1, 3], bias: false, channels: 24, filters: 20 },
  { form: "winograd 1x4", map: [11], kernel: [3], attributes: "pads=[1, 1]", channels: 24 },
  { form: "winograd 1x2", map: [10], kernel: [3], attributes: "strides=[2], pads=[1, 1]" },
  { form: "winograd 3x2", map: [7, 7], kernel: [5, 5], attributes: "pads=[2, 2, 2, 2]" },
  {
    form: "winograd 2x3",
    map: [9, 11],
    kernel: [3, 3],
    attributes: `strides=[2, 2], auto_pad="SAME_LOWER"`,
  },
  { form: "winograd 2x2", map: [8, 8], kernel: [3, 3], attributes: "strides=[2, 1]", bias: false },
  // Some points share a matrix, and one product for all points would take less.
  { form: "winograd 1x2", map: [33], kernel: [3], attributes: "strides=[2]", filters: 2 },
  { form: "winograd 2x2", map: [11, 5], kernel: [3, 3], attributes: "strides=[2, 1]", filters: 2 },
  // So many tiles that the lists of their places are computed.
  { form: "winograd 4x4", map: [26, 29], kernel: [3, 3] },
  // As many tiles as the products have columns.
  {
    form: "winograd 2x2",
    map: [15, 15],
    kernel: [3, 3],
    attributes: "strides=[2, 2], pads=[1, 1, 1, 1]",
  },
  { form: "winograd 1x2", map: [32], kernel: [3], attributes: "pads=[1, 1]", bias: false },
];

const WEIGHTS: Record<string, Tensor<"float32">> = Object.fromEntries(
  CASES.flatMap(({ channels = 3, filters = 4, kernel, bias = true }, i) => [
    [`w${i}`, random([filters, channels, ...kernel], i)],
    ...bias ? [[`b${i}`, random([filters], i + 100)]] : [],
  ]),
);

/** All cases in one network, each with an input and an output of its own. */
const MODEL = modelOf(
  CASES.map(({ channels = 3, map, attributes, bias = true }, i) =>
    `input x${i} float32[N, ${channels}, ${map.join(", ")}]
     output y${i} float32[N, ?, ${map.map(() => "?").join(", ")}]
     y${i} = Conv(x${i}, w${i}${bias ? `, b${i}` : ""})${attributes ? ` {${attributes}}` : ""}` +
    ` @ /c${i}/Conv`
  ).join("\n"),
  WEIGHTS,
);

const DIMS = Object.fromEntries(
  CASES.map(({ channels = 3, map }, i) => [`x${i}`, [1, channels, ...map]]),
);

/** Writes each case in its form. */
const formOf = ({ node }: ConvShape) => CASES[MODEL.graph.node.indexOf(node)]!.form;

function feedsOf(batch: number): Feeds {
  return Object.fromEntries(
    Object.entries(DIMS).map(([name, dims], i) => [name, random(dims.with(0, batch), i + 200)]),
  );
}

/** The convolution as the standard says it, in float64, [batch, filters, rows, columns] of 2d and 1d. */
function plainConv(node: Model["graph"]["node"][number], x: Tensor, w: Tensor, b?: Tensor): Tensor {
  const [batch, channels, ...lengths] = x.dims as [number, number, ...number[]];
  const [filters, , ...taps] = w.dims as [number, number, ...number[]];
  const window = windowOf(node, lengths, taps)!;
  const two = (list: readonly number[], fill: number) =>
    [...Array(2 - list.length).fill(fill), ...list] as [number, number];
  const [height, width] = two(lengths, 1);
  const [down, across] = two(taps, 1);
  const [top, left] = two(window.begins, 0);
  const [stepDown, stepAcross] = two(window.strides, 1);
  const [rows, columns] = two(window.output, 1);
  const y: number[] = [];
  const at = (n: number, c: number, i: number, j: number) =>
    i < 0 || j < 0 || i >= height || j >= width
      ? 0
      : Number(x.data[((n * channels + c) * height + i) * width + j]);
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < filters; f++) {
      for (let p = 0; p < rows * columns; p++) {
        const i = Math.floor(p / columns) * stepDown - top;
        const j = p % columns * stepAcross - left;
        let sum = Number(b?.data[f] ?? 0);
        for (let c = 0; c < channels; c++) {
          for (let t = 0; t < down * across; t++) {
            sum += Number(w.data[(f * channels + c) * down * across + t]) *
              at(n, c, i + Math.floor(t / across), j + t % across);
          }
        }
        y.push(sum);
      }
    }
  }
  return { type: "float64", dims: [batch, filters, ...window.output], data: Float64Array.from(y) };
}

Deno.test("convToWinograd() agrees with a plain convolution in float64 in every case, at two batch sizes", async () => {
  const shapes = await shapesOf(MODEL, DIMS);
  const [ahead, load] = (["ahead", "load"] as const).map((stored) =>
    MODEL.withGraph(convToWinograd(MODEL.graph, shapes, { form: formOf, stored }))
  );
  for (const model of [ahead!, load!]) assert.equal(count(model, "Conv"), 0);
  const [session, atLoad] = [await openSession(ahead!), await openSession(load!)];
  for (const batch of [1, 3]) {
    const feeds = feedsOf(batch);
    const [outputs, others] = [await session.run(feeds), await atLoad.run(feeds)];
    for (const [i, node] of MODEL.graph.node.entries()) {
      const [x, w, b] = node.input;
      const expected = plainConv(node, feeds[x!]!, WEIGHTS[w!]!, WEIGHTS[b!]);
      for (const [from, result] of Object.entries({ ahead: outputs, load: others })) {
        const reached = decibelsOf(relativeNoise(expected, result[node.output[0]!]!));
        assert.ok(
          reached > 110,
          `${JSON.stringify(CASES[i])}, ${from}, batch ${batch}: ${reached}`,
        );
      }
    }
  }
  await session.release();
  await atLoad.release();
});

/** B', G and A' of tiles of two outputs and kernels of three taps. */
const F23 = {
  input: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]],
  kernel: [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]],
  output: [[1, 1, 1, 0], [0, 1, -1, 1]],
};

/** Both axes of a square, row by row, through a matrix. */
function bothAxes(matrix: readonly (readonly number[])[], square: readonly number[]): number[] {
  const side = matrix[0]!.length;
  return matrix.flatMap((down) =>
    matrix.map((across) =>
      down.reduce(
        (sum, a, i) => sum + across.reduce((part, b, j) => part + a * b * square[i * side + j]!, 0),
        0,
      )
    )
  );
}

/** Numbers as uint8 over their own range, with 0, stand for them; scales are float32. */
function throughUint8(values: readonly number[]): number[] {
  const [min, max] = [Math.min(0, ...values), Math.max(0, ...values)];
  const scale = Math.fround((max - min) / 255);
  const zero = roundEven(-min / scale);
  return values.map((x) => {
    const integer = nearestStepFloat32(x, scale) + zero;
    return scale * (Math.min(255, Math.max(0, integer)) - zero);
  });
}

/** Numbers as int8 over their largest magnitude. */
function throughInt8(values: readonly number[]): number[] {
  const scale = Math.fround(Math.max(...values.map(Math.abs)) / 127);
  return values.map((x) => scale * roundEven(x / scale));
}

/** A 3x3 convolution, padded by one, with integers at each of the 16 points of its tiles of 2x2. */
function inIntegers(x: Tensor, w: Tensor, b: Tensor): Tensor {
  const [, channels, height, width] = x.dims as [number, number, number, number];
  const [filters] = w.dims as [number];
  const [down, across] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const tiles = range(down * across).map((tile) =>
    range(channels).map((c) =>
      bothAxes(
        F23.input,
        range(16).map((place) => {
          const i = 2 * Math.floor(tile / across) + Math.floor(place / 4) - 1;
          const j = 2 * (tile % across) + place % 4 - 1;
          const isInside = i >= 0 && j >= 0 && i < height && j < width;
          return isInside ? Number(x.data[(c * height + i) * width + j]) : 0;
        }),
      )
    )
  );
  const kernels = range(filters).map((f) =>
    range(channels).map((c) =>
      bothAxes(F23.kernel, range(9).map((t) => Number(w.data[(f * channels + c) * 9 + t])))
    )
  );
  const products = range(16).map((point) => {
    const cut = throughUint8(tiles.flatMap((tile) => tile.map((points) => points[point]!)));
    const columns = kernels.map((own) => throughInt8(own.map((points) => points[point]!)));
    return range(tiles.length).map((tile) =>
      columns.map((own) =>
        own.reduce((sum, weight, c) => sum + weight * cut[tile * channels + c]!, 0)
      )
    );
  });
  const data = range(filters * height * width).map((place) => {
    const [f, i, j] = [
      Math.floor(place / (height * width)),
      Math.floor(place / width) % height,
      place % width,
    ];
    const tile = Math.floor(i / 2) * across + Math.floor(j / 2);
    const [top, left] = [F23.output[i % 2]!, F23.output[j % 2]!];
    return range(16).reduce(
      (sum, p) => sum + top[Math.floor(p / 4)]! * left[p % 4]! * products[p]![tile]![f]!,
      Number(b.data[f]),
    );
  });
  return { type: "float64", dims: [1, filters, height, width], data: Float64Array.from(data) };
}

const range = (length: number) => Array.from({ length }, (_, i) => i);

/** Multiples of 1/64: their sums are exact. */
function coarse(dims: readonly number[], seed: number): Tensor<"float32"> {
  return float32(dims, random(dims, seed).data.map((x) => Math.round(64 * x) / 64));
}

Deno.test("convToWinograd() multiplies integers where it is asked to, as a plain computation does, and leaves the Conv where nothing rounds its weights", async () => {
  const [x, w, b] = [coarse([1, 20, 5, 6], 1), coarse([7, 20, 3, 3], 2), coarse([7], 3)];
  const model = modelOf(
    `input x float32[1, 20, 5, 6]; output y float32[1, 7, 5, 6]
     y = Conv(x, w, b) {pads=[1, 1, 1, 1]} @ c/Conv`,
    { w, b },
  );
  const shapes = await shapesOf(model, { x: x.dims });
  const form = () => "winograd 2x2, integers" as const;
  assert.equal(convToWinograd(model.graph, shapes, { form }), model.graph);
  const rewritten = withContribGraph(
    model,
    convToWinograd(model.graph, shapes, { form, rounded: roundMatrix }),
  );
  assert.equal(count(rewritten, "DynamicQuantizeMatMul"), 16);
  const session = await openSession(rewritten);
  const { y } = await session.run({ x });
  await session.release();
  const decibels = (expected: Tensor) => decibelsOf(relativeNoise(expected, y!));
  assert.ok(decibels(inIntegers(x, w, b)) > 100, `${decibels(inIntegers(x, w, b))}`);
  const plain = decibels(plainConv(model.graph.node[0]!, x, w, b));
  assert.ok(plain > 30 && plain < 50, `${plain}`);
});

Deno.test("convToWinograd() leaves groups, dilations, weights that are not known before, open maps, and forms that a Conv cannot have", async () => {
  const model = modelOf(
    `input x float32[N, 4, 8, 8]; input v float32[4, 4, 3, 3]
     output a float32[N, 4, ?, ?]; output b float32[N, 4, ?, ?]; output c float32[N, 4, ?, ?]
     output d float32[N, 4, ?, ?]; output e float32[N, 4, ?, ?]
     a = Conv(x, w1) {group=4} @ grouped; b = Conv(x, v) @ computed
     c = Conv(x, w) {dilations=[2, 2]} @ apart; d = Conv(x, w) @ plain; e = Conv(x, w2) @ point`,
    { w1: random([4, 1, 3, 3], 1), w: random([4, 4, 3, 3], 2), w2: random([4, 4, 1, 1], 3) },
  );
  const shapes = await shapesOf(model, { x: [1, 4, 8, 8], v: [4, 4, 3, 3] });
  const left = (form: WinogradForm) =>
    convToWinograd(model.graph, shapes, { form: () => form }).node
      .filter(({ opType }) => opType === "Conv").map(({ name }) => name);
  assert.deepEqual(left("winograd 2x2"), ["grouped", "computed", "apart", "point"]);
  // Twelve outputs of three taps need 14 points.
  assert.deepEqual(left("winograd 12x2"), model.graph.node.map(({ name }) => name));

  // A map that grows with the batch has no fixed number of tiles.
  const rows = modelOf(
    `input x float32[N, 4]; output y float32[1, 4, ?]; tensor axes int64[1] = [0]
     a = Transpose(x) {perm=[1, 0]}; b = Unsqueeze(a, axes); y = Conv(b, w)`,
    { w: random([4, 4, 3], 1) },
  );
  const known = await shapesOf(rows, { x: [6, 4] });
  assert.equal(convToWinograd(rows.graph, known, { form: () => "winograd 1x2" }), rows.graph);
});

/** Nodes that weight-only int8, float16 and a QDQ model read their weights from. */
const SMALL_WEIGHTS = `w0 = Cast(i0) {to=1}; w1 = Mul(w0, s)
  h = Cast(f) {to=1}; q = DequantizeLinear(i0, one)`;

Deno.test("convToWinograd() takes weights that are computed from smaller ones, and leaves them small", async () => {
  const integers: Tensor<"int8"> = {
    type: "int8",
    dims: [16, 16, 3, 3],
    data: Int8Array.from(random([16, 16, 3, 3], 1, 40).data, Math.round),
  };
  const model = modelOf(
    `input x float32[N, 16, 6, 6]; output a float32[N, 16, 4, 4]; output b float32[N, 16, 4, 4]
     output c float32[N, 16, 4, 4]; ${SMALL_WEIGHTS}
     a = Conv(x, w1) @ a/Conv; b = Conv(x, h) @ b/Conv; c = Conv(x, q) @ c/Conv`,
    {
      i0: integers,
      s: random([16, 1, 1, 1], 2),
      f: { type: "float16", dims: integers.dims, data: Float16Array.from(integers.data) },
      one: float32([], [1]),
    },
  );
  const shapes = await shapesOf(model, { x: [1, 16, 6, 6] });
  // A pass that ran later than the sample sees names that no sample has shown.
  const fewer = new ShapeMap(new Map([["x", shapes.get("x")!]]), shapes.open);
  // Products of integers round weights that nothing has rounded before.
  const form = () => "winograd 2x2, integers" as const;
  const twice = convToWinograd(model.graph, fewer.afresh(), { form, rounded: roundMatrix });
  assert.equal(twice, model.graph);
  const rewritten = model.withGraph(
    convToWinograd(model.graph, fewer, { form: () => "winograd 2x2" }),
  );
  assert.equal(count(rewritten, "Conv"), 0);
  assert.ok(await errorOf(rewritten, model, { x: [1, 16, 6, 6] }) < 1e-6);
  const added = rewritten.bytes().length - model.bytes().length;
  assert.ok(added < 12_000, `${added}`); // names of nodes, where three transformed weights take 49,152
});

Deno.test("convToWinograd() stores a transform, a list of places and a weight once for all Convs that share them", async () => {
  const model = modelOf(
    `input x float32[N, 8, 6, 6]; output y float32[N, 8, 6, 6]
     a = Conv(x, w) {pads=[1, 1, 1, 1]} @ /a/Conv; y = Conv(a, w) {pads=[1, 1, 1, 1]} @ /b/Conv`,
    { w: random([8, 8, 3, 3], 1) },
  );
  const shapes = await shapesOf(model, { x: [1, 8, 6, 6] });
  const { initializer } = convToWinograd(model.graph, shapes, { form: () => "winograd 2x2" });
  const names = initializer.filter(({ dataType }) => dataType === 1 || dataType === 6)
    .map(({ name }) => name.replace(/_\d+$/, ""));
  // A' and B'; a list for the inputs, and one for the outputs
  assert.equal(names.filter((name) => name.startsWith("w_winograd")).length, 1);
  assert.equal(names.filter((name) => name.endsWith("_transform")).length, 2);
  assert.equal(names.filter((name) => name === "places").length, 2);
});
