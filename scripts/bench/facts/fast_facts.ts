import type { Model } from "../../../lib/onnx/model.ts";
import type { ShapeMap } from "../../../lib/onnx/shape_map.ts";
import type { FormWord } from "../../../lib/passes/fast_form.ts";
import { fastOperators } from "../../../lib/passes/fast_operators.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { type KernelFact, list, type Rewrite, weights } from "./fact.ts";

/** Written as `fastOperators()` does it. */
const fast = (...words: FormWord[]): Rewrite => (model: Model, shapes: ShapeMap) =>
  model.withGraph(
    fastOperators(model.graph, { shapes, ...(words.length > 0 && { words }) }),
  );

const MAP = "[1, 64, 32, 48]";

/** An operator between two Adds, where it may overwrite its input. */
const between = (operator: string, dims = MAP) =>
  `input x float32${dims}; output y float32${dims}
   a = Add(x, x); b = ${operator}; y = Add(b, b)`;

const ACTIVATIONS = "lib/passes/fast_activations.ts";
const EXPONENTIALS = "lib/passes/fast_exponentials.ts";

/** Elementwise operators that are slow as they are. */
export const ACTIVATION_FACTS: readonly KernelFact[] = [
  {
    name: "lone-relu",
    rule: "a Relu that overwrites its input branches at each element, and a Max does not",
    reliedOnBy: [ACTIVATIONS],
    base: { text: between("Relu(a)") },
    other: fast(),
    ratio: 0.22,
    isIdentical: true,
  },
  {
    name: "lone-clip",
    rule: "a Clip that overwrites its input branches at each element, and Max and Min do not",
    reliedOnBy: [ACTIVATIONS],
    base: { text: between("Clip(a, zero, one)") },
    other: fast(),
    ratio: 0.22,
    isIdentical: true,
  },
  {
    name: "lone-leaky-relu",
    rule: "a LeakyRelu that overwrites its input branches at each element, and a PRelu does not",
    reliedOnBy: [ACTIVATIONS],
    base: { text: between("LeakyRelu(a) {alpha=0.1}") },
    other: fast(),
    ratio: 0.22,
    isIdentical: true,
  },
  {
    name: "lone-hard-sigmoid",
    rule: "a HardSigmoid that overwrites its input branches at each element, and its parts do not",
    reliedOnBy: [ACTIVATIONS],
    base: { text: between("HardSigmoid(a) {alpha=0.5}") },
    other: fast(),
    ratio: 0.25,
    isIdentical: true,
  },
  {
    name: "relu-in-gemm",
    rule: "a Relu that the runtime takes into a Gemm is as slow as a lone one",
    reliedOnBy: [ACTIVATIONS],
    base: {
      text: `input x float32[1024, 16]; output y float32[1024, 48]; a = Gemm(x, w, b); y = Relu(a)`,
      constants: { w: weights(16, 48), b: weights(48) },
    },
    other: fast(),
    ratio: 0.8,
    margin: 1.2,
    isIdentical: true,
  },
  {
    name: "relu-in-conv",
    rule: "a Relu that the runtime takes into a Conv costs next to nothing",
    reliedOnBy: ["lib/passes/runtime_fusions.ts"],
    base: {
      text: `input x float32[1, 16, 48, 48]; output y float32[1, 16, 48, 48]; y = Conv(x, w)`,
      constants: { w: weights(16, 16, 1, 1) },
    },
    other: {
      text: `input x float32[1, 16, 48, 48]; output y float32[1, 16, 48, 48]
        a = Conv(x, w); y = Relu(a)`,
      constants: { w: weights(16, 16, 1, 1) },
    },
    ratio: 1.05,
    margin: 1.3,
  },
  {
    name: "relu-before-quantize",
    rule: "a Relu before a QuantizeLinear whose zero point is the least integer costs nothing",
    reliedOnBy: ["lib/passes/runtime_fusions.ts"],
    base: {
      text:
        `input x float32${MAP}; output y uint8${MAP}; a = Add(x, x); y = QuantizeLinear(a, scale, u0)`,
    },
    other: {
      text: `input x float32${MAP}; output y uint8${MAP}
        a = Add(x, x); b = Relu(a); y = QuantizeLinear(b, scale, u0)`,
    },
    ratio: 1,
    margin: 1.25,
    isIdentical: true,
  },
  {
    name: "softplus",
    rule: "a Softplus is slow, and its parts by Exp and Log are not",
    reliedOnBy: [EXPONENTIALS],
    base: { text: between("Softplus(a)") },
    other: fast(),
    ratio: 0.25,
  },
  {
    name: "mish",
    rule: "a Mish is slow, and its parts by one Exp are not",
    reliedOnBy: [EXPONENTIALS],
    base: { text: between("Mish(a)"), opset: 18 },
    other: fast(),
    ratio: 0.16,
  },
  {
    name: "elu",
    rule: "an Elu that overwrites its input is slower than its parts",
    reliedOnBy: [EXPONENTIALS],
    base: { text: between("Elu(a)") },
    other: fast(),
    ratio: 0.55,
    margin: 1.6,
  },
  {
    name: "root-by-pow",
    rule: "Pow takes its general way for a root, and Sqrt is fast",
    reliedOnBy: [EXPONENTIALS],
    base: {
      text: between("Pow(c, half)").replace("b =", "c = Mul(a, a); b ="),
      constants: { half: float32([], [0.5]) },
    },
    other: fast(),
    ratio: 0.2,
  },
  {
    name: "gelu",
    rule: "a Gelu by Erf is slower than the one by Tanh",
    reliedOnBy: ["lib/passes/fast_gelu.ts"],
    base: { text: between("Gelu(a)"), opset: 20 },
    other: fast("approximate"),
    ratio: 0.45,
  },
];

const NORMS = "lib/passes/fast_norms.ts";
const CHANNELS = "lib/passes/fast_channels.ts";

/** Sums, means and largest values. */
export const REDUCTION_FACTS: readonly KernelFact[] = [
  {
    name: "layer-normalization",
    rule: "LayerNormalization is slower than its parts with means by GlobalAveragePool",
    reliedOnBy: [NORMS],
    base: {
      text: `input x float32[1, 128, 384]; output y float32[1, 128, 384]
        y = LayerNormalization(x, w, b)`,
      constants: { w: weights(384), b: weights(384) },
    },
    other: fast(),
    ratio: 0.45,
    margin: 1.6,
  },
  {
    name: "instance-normalization",
    rule: "InstanceNormalization of middling maps is slower than its parts",
    reliedOnBy: [NORMS],
    base: {
      text: `input x float32[1, 32, 64, 64]; output y float32[1, 32, 64, 64]
        y = InstanceNormalization(x, w, b)`,
      constants: { w: weights(32), b: weights(32) },
    },
    other: fast(),
    ratio: 0.75,
    margin: 1.3,
  },
  {
    name: "mean-of-rows",
    rule: "ReduceMean of the last axis adds up one number at a time, GlobalAveragePool four",
    reliedOnBy: [NORMS],
    base: {
      text: `input x float32[1, 512, 384]; output y float32[1, 512, 1]
        y = ReduceMean(x) {axes=[-1]}`,
    },
    other: fast(),
    ratio: 0.4,
  },
  {
    name: "mean-of-channels",
    rule: "ReduceMean of the channels is slower than a Conv with one filter",
    reliedOnBy: [CHANNELS],
    base: {
      text: `input x float32[1, 64, 56, 56]; output y float32[1, 1, 56, 56]
        y = ReduceMean(x) {axes=[1]}`,
    },
    other: fast(),
    ratio: 0.4,
  },
  {
    name: "mean-of-a-map",
    rule: "ReduceMean of all positions is slower than GlobalAveragePool",
    reliedOnBy: ["lib/passes/pool_means.ts"],
    base: {
      text: `input x float32[1, 64, 56, 56]; output y float32[1, 64, 1, 1]
        y = ReduceMean(x) {axes=[2, 3]}`,
    },
    other: {
      text: `input x float32[1, 64, 56, 56]; output y float32[1, 64, 1, 1]
        y = GlobalAveragePool(x)`,
    },
    ratio: 0.4,
  },
  {
    name: "largest-of-channels",
    rule: "ReduceMax of the channels is slower than Split and Max",
    reliedOnBy: [CHANNELS],
    base: {
      text: `input x float32[1, 21, 64, 64]; output y float32[1, 1, 64, 64]
        y = ReduceMax(x) {axes=[1]}`,
    },
    other: fast(),
    ratio: 0.3,
    isIdentical: true,
  },
  {
    name: "softmax-of-channels",
    rule: "Softmax over channels is slower than its parts",
    reliedOnBy: [CHANNELS],
    base: {
      text: `input x float32[1, 21, 64, 64]; output y float32[1, 21, 64, 64]
        y = Softmax(x) {axis=1}`,
    },
    other: fast(),
    ratio: 0.5,
  },
];

const MOVES = "lib/passes/fast_moves.ts";

/** Shapes for which there is a fast kernel. */
export const MOVE_FACTS: readonly KernelFact[] = [
  {
    name: "conv-transpose-1d",
    rule: "a ConvTranspose in 1d is slower than the same as a single row in 2d",
    reliedOnBy: [MOVES],
    base: {
      text: `input x float32[1, 64, 128]; output y float32[1, 32, 256]
        y = ConvTranspose(x, w) {kernel_shape=[4], strides=[2], pads=[1, 1]}`,
      constants: { w: weights(64, 32, 4) },
    },
    other: fast(),
    ratio: 0.6,
    isIdentical: true,
  },
  {
    name: "tile-of-one-element",
    rule: "a Tile of a last axis of one element is slower than an Expand",
    reliedOnBy: [MOVES],
    base: {
      text: `input x float32[2048, 1]; output y float32[2048, 64]; y = Tile(x, times)`,
      constants: { times: list(1, 64) },
    },
    other: fast(),
    ratio: 0.27,
    margin: 1.7,
    isIdentical: true,
  },
  {
    name: "depth-to-space",
    rule: "DepthToSpace is slower than two Transposes",
    reliedOnBy: [MOVES],
    base: {
      text: `input x float32[1, 64, 48, 48]; output y float32[1, 16, 96, 96]
        y = DepthToSpace(x) {blocksize=2}`,
    },
    other: fast(),
    ratio: 0.65,
    margin: 1.4,
    isIdentical: true,
  },
  {
    name: "rows-of-a-table",
    rule: "OneHot and a MatMul are slower than a Gather of rows",
    reliedOnBy: [MOVES],
    base: {
      text:
        `input n int64[128]; output y float32[128, 64]; h = OneHot(n, depth, values); y = MatMul(h, w)`,
      constants: { depth: list(257), values: float32([2], [0, 1]), w: weights(257, 64) },
    },
    other: fast(),
    ratio: 0.1,
    margin: 2.5,
  },
  {
    name: "one-hot",
    rule: "a OneHot is slower than Equal and Cast",
    reliedOnBy: [MOVES],
    base: {
      text: `input n int64[512]; output y float32[512, 257]; y = OneHot(n, depth, values)`,
      constants: { depth: list(257), values: float32([2], [0, 1]) },
    },
    other: fast(),
    ratio: 0.55,
    isIdentical: true,
  },
  {
    name: "resize-to-twice",
    rule: "a linear Resize to twice the size is slower than weighted sums of neighbours",
    reliedOnBy: ["lib/passes/fast_resize.ts"],
    base: {
      text: `input x float32[1, 32, 28, 28]; output y float32[1, 32, 56, 56]
        y = Resize(x, "", twice) {mode="linear"}`,
      constants: { twice: float32([4], [1, 1, 2, 2]) },
    },
    other: fast(),
    ratio: 0.65,
    margin: 1.4,
  },
  {
    name: "resize-of-small-maps",
    rule: "a linear Resize of a small map is slower than a MatMul for each axis",
    reliedOnBy: ["lib/passes/fast_resize.ts"],
    base: {
      text: `input x float32[1, 64, 12, 12]; output y float32[1, 64, 36, 36]
        y = Resize(x, "", thrice) {mode="linear"}`,
      constants: { thrice: float32([4], [1, 1, 3, 3]) },
    },
    other: fast(),
    ratio: 0.5,
  },
  {
    name: "number-by-a-trailing-axis",
    rule: "one number and a tensor that ends with an axis of one element meet element by element",
    reliedOnBy: ["lib/passes/fast_broadcast.ts"],
    base: {
      text: `input x float32[1, 64, 128, 1]; output y float32[1, 64, 128, 1]
        a = Mul(x, third); y = Add(a, third)`,
    },
    other: fast(),
    ratio: 0.08,
    margin: 2.5,
    isIdentical: true,
  },
  {
    name: "short-stretches",
    rule:
      "a constant that divides a tensor into short stretches is slower than one that is repeated",
    reliedOnBy: ["lib/passes/fast_broadcast.ts"],
    base: {
      text: `input x float32[1, 64, 64, 3]; output y float32[1, 64, 64, 3]
        a = Sub(x, means); y = Mul(a, means)`,
      constants: { means: float32([3], [0.5, 0.4, 0.3]) },
    },
    other: fast(),
    ratio: 0.17,
    margin: 2,
    isIdentical: true,
  },
];
