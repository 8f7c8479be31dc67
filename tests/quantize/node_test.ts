import { assert, assertEquals } from "@std/assert";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { minMax } from "../../lib/calibrate/observers.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { convert, type QuantFormat } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import {
  perTensor,
  perTensorAffine,
  staticInt8,
  type StaticInt8Options,
} from "../../lib/quantize/qconfig.ts";
import type { Feeds, Tensor } from "../../lib/tensor/tensor.ts";
import { modelOf, run, runAll, samplesOf, stepOf, stored } from "./fixture.ts";
import { impliedError } from "./implied_error.ts";
import { runReference, throughIntegers } from "./reference.ts";

/** One operator that reads uint8 and gives uint8, or float32 if it is a Gemm or MatMul. */
interface Case {
  readonly name: string;
  /** The node: it reads `x` and perhaps `z`, and gives `y`. */
  readonly node: string;
  readonly x: readonly number[];
  readonly z?: readonly number[];
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  /** Other constants, as the text of a graph has them behind `tensor`. */
  readonly consts?: string;
  /** @default {"y"} */
  readonly outputs?: string;
  /** Number of dimensions of `y`. @default {that of x} */
  readonly rank?: number;
}

const conv = { x: [2, 4, 9, 8], weights: { w: [6, 4, 3, 3], b: [6] } };
const pair = { x: [2, 3, 50], z: [2, 3, 50] };

/** Operators whose kernels sum up integers, or compare them, or look them up. */
const INTEGER: readonly Case[] = [
  { name: "Conv1d", node: "Conv(x, w, b)", x: [2, 4, 15], weights: { w: [6, 4, 3], b: [6] } },
  {
    name: "Conv1d, dilated, with strides",
    node: "Conv(x, w) {dilations=[3], strides=[2], pads=[3, 1]}",
    x: [1, 4, 15],
    weights: { w: [6, 4, 3] },
  },
  { ...conv, name: "Conv2d", node: "Conv(x, w, b) {pads=[1, 1, 1, 1]}" },
  {
    ...conv,
    name: "Conv2d, uneven padding and strides",
    node: "Conv(x, w, b) {pads=[0, 2, 1, 0], strides=[2, 1]}",
  },
  {
    ...conv,
    name: "Conv2d, dilated",
    node: "Conv(x, w, b) {pads=[2, 2, 2, 2], dilations=[2, 2]}",
  },
  {
    name: "Conv2d, grouped",
    node: "Conv(x, w, b) {group=2}",
    x: [2, 4, 9, 8],
    weights: { w: [6, 2, 3, 3], b: [6] },
  },
  {
    name: "Conv2d, depthwise",
    node: "Conv(x, w, b) {group=4, pads=[1, 1, 1, 1]}",
    x: [2, 4, 9, 8],
    weights: { w: [4, 1, 3, 3], b: [4] },
  },
  {
    name: "Conv3d, uneven padding and strides",
    node: "Conv(x, w, b) {pads=[1, 0, 1, 0, 0, 1], strides=[1, 2, 1]}",
    x: [1, 3, 5, 6, 4],
    weights: { w: [5, 3, 3, 2, 2], b: [5] },
  },
  {
    name: "Conv3d, grouped and dilated",
    node: "Conv(x, w) {group=2, dilations=[1, 2, 1]}",
    x: [1, 4, 4, 6, 4],
    weights: { w: [4, 2, 2, 2, 3] },
  },
  { name: "Gemm", node: "Gemm(x, w, b)", x: [5, 30], weights: { w: [30, 7], b: [7] } },
  {
    name: "Gemm by transposed weights",
    node: "Gemm(x, w, b) {transB=1}",
    x: [5, 30],
    weights: { w: [7, 30], b: [1, 7] },
  },
  { name: "MatMul", node: "MatMul(x, w)", x: [2, 5, 30], weights: { w: [30, 7] } },
  { name: "MatMul of two activations", node: "MatMul(x, z)", x: [2, 5, 30], z: [2, 30, 7] },
  {
    name: "MatMul by a stack of matrices",
    node: "MatMul(x, w)",
    x: [2, 5, 30],
    weights: { w: [2, 30, 7] },
  },
  { ...pair, name: "Add", node: "Add(x, z)" },
  { ...pair, name: "Add of a vector", node: "Add(x, w)", weights: { w: [50] } },
  { ...pair, name: "Add of a number for each channel", node: "Add(x, w)", weights: { w: [3, 1] } },
  { ...pair, name: "Mul", node: "Mul(x, z)" },
  { ...pair, name: "Mul by a number", node: "Mul(x, w)", weights: { w: [1] } },
  { name: "GlobalAveragePool", node: "GlobalAveragePool(x)", x: [2, 3, 7, 9] },
  {
    name: "GlobalAveragePool over three dimensions",
    node: "GlobalAveragePool(x)",
    x: [2, 3, 4, 3, 5],
  },
  { name: "LeakyRelu", node: "LeakyRelu(x) {alpha=0.3}", x: [2, 3, 50] },
  {
    name: "MaxPool1d",
    node: "MaxPool(x) {kernel_shape=[3], strides=[2], pads=[1, 1]}",
    x: [2, 3, 11],
  },
  {
    name: "MaxPool2d",
    node: "MaxPool(x) {kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1]}",
    x: [2, 3, 9, 8],
  },
  {
    name: "MaxPool2d, dilated",
    node: "MaxPool(x) {kernel_shape=[2, 2], dilations=[2, 3]}",
    x: [2, 3, 9, 8],
  },
  {
    name: "MaxPool3d",
    node: "MaxPool(x) {kernel_shape=[1, 3, 3], strides=[1, 2, 2], pads=[0, 1, 1, 0, 1, 1]}",
    x: [2, 3, 4, 6, 5],
  },
];

/** Operators that only move values: the integers of the input are those of the result. */
const MOVING: readonly Case[] = [
  {
    name: "Reshape",
    node: "Reshape(x, to)",
    x: [2, 3, 4],
    consts: "to int64[2] = [-1, 4]",
    rank: 2,
  },
  { name: "Flatten", node: "Flatten(x)", x: [2, 3, 4], rank: 2 },
  { name: "Transpose", node: "Transpose(x) {perm=[2, 0, 1]}", x: [2, 3, 4] },
  {
    name: "Squeeze",
    node: "Squeeze(x, axis)",
    x: [2, 1, 4],
    consts: "axis int64[1] = [1]",
    rank: 2,
  },
  {
    name: "Unsqueeze",
    node: "Unsqueeze(x, axis)",
    x: [2, 4],
    consts: "axis int64[1] = [1]",
    rank: 3,
  },
  {
    name: "Slice",
    node: "Slice(x, from, to, axis, by)",
    x: [2, 9],
    consts: "from int64[1] = [1]; tensor to int64[1] = [8]; tensor axis int64[1] = [1]; " +
      "tensor by int64[1] = [3]",
  },
  { name: "Split", node: "Split(x) {axis=1}", outputs: "y, other", x: [2, 6, 3] },
  { name: "Gather", node: "Gather(x, at) {axis=1}", x: [2, 5], consts: "at int64[3] = [4, 0, -1]" },
  {
    name: "GatherElements",
    node: "GatherElements(x, at) {axis=1}",
    x: [2, 5],
    consts: "at int64[2, 2] = [4, 0, 1, -1]",
  },
  { name: "Expand", node: "Expand(x, to)", x: [3, 1], consts: "to int64[3] = [2, 3, 4]", rank: 3 },
  { name: "Tile", node: "Tile(x, by)", x: [2, 3], consts: "by int64[2] = [2, 2]" },
  { name: "DepthToSpace", node: "DepthToSpace(x) {blocksize=2}", x: [1, 8, 2, 3] },
  { name: "SpaceToDepth", node: "SpaceToDepth(x) {blocksize=2}", x: [1, 2, 4, 6] },
  { name: "Pad by zeros", node: "Pad(x, by)", x: [2, 4], consts: "by int64[4] = [0, 1, 1, 2]" },
  {
    name: "Pad by reflection",
    node: 'Pad(x, by) {mode="reflect"}',
    x: [2, 4],
    consts: "by int64[4] = [0, 1, 0, 2]",
  },
  {
    name: "Pad by the edge",
    node: 'Pad(x, by) {mode="edge"}',
    x: [2, 4],
    consts: "by int64[4] = [0, 1, 0, 2]",
  },
  {
    name: "Resize to the nearest",
    node: 'Resize(x, "", scales) {mode="nearest"}',
    x: [1, 2, 3, 4],
    consts: "scales float32[4] = [1.0, 1.0, 2.0, 3.0]",
  },
];

/** Operators that compute in float32 between integers, or look the result up. */
const ROUNDED: readonly Case[] = [
  { name: "Relu", node: "Relu(x)", x: [2, 50] },
  {
    name: "Clip",
    node: "Clip(x, low, high)",
    x: [2, 50],
    consts: "low float32[] = [-0.5]; tensor high float32[] = [0.25]",
  },
  { name: "Sigmoid", node: "Sigmoid(x)", x: [2, 50] },
  { name: "Softmax", node: "Softmax(x) {axis=1}", x: [2, 50] },
  { ...pair, name: "Concat", node: "Concat(x, z) {axis=1}" },
  {
    ...pair,
    name: "Where",
    node: "Where(c, x, z)",
    consts: "c bool[3, 1] = [1, 0, 1]",
  },
  { name: "AveragePool1d", node: "AveragePool(x) {kernel_shape=[3], strides=[2]}", x: [2, 3, 12] },
  {
    name: "AveragePool2d",
    node: "AveragePool(x) {kernel_shape=[3, 2], pads=[1, 0, 1, 1], count_include_pad=1}",
    x: [2, 3, 8, 7],
  },
  {
    name: "AveragePool3d",
    node: "AveragePool(x) {kernel_shape=[2, 2, 2], pads=[1, 0, 1, 0, 1, 0]}",
    x: [1, 2, 5, 4, 6],
  },
  {
    name: "Resize by interpolation",
    node: 'Resize(x, "", scales) {mode="linear"}',
    x: [1, 2, 3, 4],
    consts: "scales float32[4] = [1.0, 1.0, 2.0, 3.0]",
  },
];

function modelFor({ node, x, z, weights, consts, outputs = "y", rank = x.length }: Case): Model {
  const second = z ? `; input z float32[${z.join(", ")}]` : "";
  const open = Array(rank).fill("?").join(", ");
  return modelOf(
    `input x float32[${x.join(", ")}]${second}; output y float32[${open}]
    ${consts ? `tensor ${consts};` : ""} ${outputs} = ${node}`,
    weights,
  );
}

/** Three samples, of which the first calibrates. */
function samplesFor({ x, z }: Case): Feeds[] {
  return samplesOf(z ? { x, z } : { x }, 3);
}

const FORMATS: readonly QuantFormat[] = ["QDQ", "QOperator"];
const SCHEMES: readonly StaticInt8Options[] = [
  {},
  { dtype: "int8", scheme: "symmetric" },
  { reduceRange: true },
];
const WEIGHTS = [perTensor, perTensorAffine].map((weight): StaticInt8Options => ({ weight }));

/** The operator of a case alone between integers, in every format and scheme. */
async function* forms(one: Case) {
  const [model, samples] = [modelFor(one), samplesFor(one)];
  const hasKernel = /^(Conv|Gemm|MatMul)/.test(one.node) && one.weights;
  for (const options of hasKernel ? [...SCHEMES, ...WEIGHTS] : SCHEMES) {
    const mapping = qconfigMapping({
      default: staticInt8({ activation: minMax, ...options, kernels: "any" }),
      int8Tensors: ["x", "z"],
    });
    const ranges = await calibrate(prepare(model, mapping), samples.slice(0, 1));
    const written = convert(model, mapping, ranges, { format: "QOperator" });
    for (const format of FORMATS) {
      const int8 = convert(model, mapping, ranges, { format });
      const results = await runAll(int8, samples);
      const what = `${format} ${JSON.stringify(options)}`;
      yield { model, samples, written, found: results.map(({ y }) => y!), what };
    }
  }
}

/** The samples as the integers have them. */
function rounded(feeds: Feeds, model: Model): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [
      name,
      throughIntegers(
        tensor,
        stored(model, `${name}_scale`)!,
        stored(model, `${name}_zero_point`)!,
      ),
    ]),
  );
}

/** Asserts that numbers are the same, or differ by this at most. */
function assertNear(
  found: Tensor,
  expected: Pick<Tensor, "dims" | "data">,
  most: number,
  what: string,
) {
  assertEquals(found.dims, expected.dims);
  const [a, b] = [found.data, expected.data] as [Float32Array, Float32Array];
  const difference = a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i]!)), 0);
  assert(difference <= most, `${what}: differs by ${difference}, expected ${most} at most`);
}

Deno.test("integer kernels give what a slow plain reference gives, bit for bit", async (t) => {
  for (const one of INTEGER) {
    await t.step(one.name, async () => {
      for await (const { samples, written, found, what } of forms(one)) {
        samples.forEach((feeds, i) => {
          const { dims, data } = runReference(written.graph, feeds).get("y")!;
          assertNear(found[i]!, { dims, data: Float32Array.from(data) }, 0, what);
        });
      }
    });
  }
});

Deno.test("what only moves values moves integers, bit for bit", async (t) => {
  for (const one of MOVING) {
    await t.step(one.name, async () => {
      for await (const { model, samples, written, found, what } of forms(one)) {
        const expected = await runAll(model, samples.map((feeds) => rounded(feeds, written)));
        expected.forEach(({ y }, i) => assertNear(found[i]!, y!, 0, what));
      }
    });
  }
});

Deno.test("every operator stays within the error that the scales imply", async (t) => {
  for (const one of [...INTEGER, ...MOVING, ...ROUNDED]) {
    await t.step(one.name, async () => {
      for await (const { model, samples: [feeds], written, found: [y], what } of forms(one)) {
        const weights = stored(model, "w");
        const opType = one.node.slice(0, one.node.indexOf("("));
        const most = impliedError({
          opType,
          inputs: Object.entries(feeds!).map(([name, tensor]) => ({
            tensor,
            step: stepOf(written, name),
          })),
          weights: weights && { tensor: weights, step: stepOf(written, "w") },
          // What moves keeps its scale and is not rounded again, but where it is interpolated.
          step: stepOf(written, opType === "Resize" ? "x" : "y"),
        });
        const { y: expected } = await run(model, feeds!);
        assertNear(y!, expected!, most, what);
      }
    });
  }
});
