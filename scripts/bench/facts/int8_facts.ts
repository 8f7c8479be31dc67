import { CONVERSION_NS } from "../../../lib/cost/conversion_times.ts";
import { type FactModel, integers, type KernelFact, list, weights } from "./fact.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";

const map = "[1, 64, 28, 28]";
const conv = { pads: "pads=[1, 1, 1, 1]" };
const qlinear = (x: string, activation: string) =>
  `QLinearConv(${x}, scale, ${activation}, w, scale, s0, scale_y, ${activation}) {${conv.pads}}`;

/** An operator on a tensor that is made within the graph, so that little has to be brought in and out. */
const eightfold = (input: string, operator: string, output: string): FactModel => ({
  text: `input ${input}[16, 1, 1024]; output y ${output}[16, ?, ?]
    a = Expand(${input.split(" ")[0]}, eightfold); b = ${operator}; y = Slice(b, from, to, axis)`,
  constants: { eightfold: list(16, 8, 1024), from: list(0), to: list(1), axis: list(1) },
});

/** What `lib/quantize` and `lib/cost` take for granted of static int8. */
export const INT8_FACTS: readonly KernelFact[] = [
  {
    name: "int8-conv",
    rule: "a dense Conv gains from int8",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text: `input x float32${map}; output y float32${map}; y = Conv(x, w) {${conv.pads}}`,
      constants: { w: weights(64, 64, 3, 3) },
    },
    other: {
      text: `input q uint8${map}; output y uint8${map}; y = ${qlinear("q", "u128")}`,
      constants: { w: integers("int8", 64, 64, 3, 3) },
    },
    ratio: 0.65,
    margin: 1.45,
  },
  {
    name: "s8-activations",
    rule: "int8 activations are far slower than uint8 ones",
    reliedOnBy: ["lib/quantize/qconfig.ts"],
    base: {
      text: `input q uint8${map}; output y uint8${map}; y = ${qlinear("q", "u128")}`,
      constants: { w: integers("int8", 64, 64, 3, 3) },
    },
    other: {
      text: `input i int8${map}; output y int8${map}; y = ${qlinear("i", "s0")}`,
      constants: { w: integers("int8", 64, 64, 3, 3) },
    },
    ratio: 8,
  },
  {
    name: "s8-weights-of-conv-integer",
    rule: "ConvInteger is far slower with int8 weights than with uint8 ones",
    reliedOnBy: ["lib/quantize/dynamic_conv.ts"],
    base: {
      text:
        `input q uint8${map}; output y int32${map}; y = ConvInteger(q, w, u128, u128) {${conv.pads}}`,
      constants: { w: integers("uint8", 64, 64, 3, 3) },
    },
    other: {
      text:
        `input q uint8${map}; output y int32${map}; y = ConvInteger(q, w, u128, s0) {${conv.pads}}`,
      constants: { w: integers("int8", 64, 64, 3, 3) },
    },
    ratio: 9,
    margin: 1.6,
  },
  {
    name: "scales-of-channels",
    rule: "a scale for each channel costs the int8 kernels nothing",
    reliedOnBy: ["lib/quantize/qconfig.ts"],
    base: {
      text: `input q uint8${map}; output y uint8${map}; y = ${qlinear("q", "u128")}`,
      constants: { w: integers("int8", 64, 64, 3, 3) },
    },
    other: {
      text: `input q uint8${map}; output y uint8${map}
        y = QLinearConv(q, scale, u128, w, scales, zeros, scale_y, u128) {${conv.pads}}`,
      constants: {
        w: integers("int8", 64, 64, 3, 3),
        scales: float32([64], new Float32Array(64).fill(0.02)),
        zeros: { type: "int8", dims: [64], data: new Int8Array(64) },
      },
    },
    ratio: 1,
    margin: 1.25,
    isIdentical: true,
  },
  {
    name: "int8-depthwise-conv",
    rule: "a depthwise Conv loses by int8",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text: `input x float32[1, 128, 28, 28]; output y float32[1, 128, 28, 28]
        y = Conv(x, w) {group=128, ${conv.pads}}`,
      constants: { w: weights(128, 1, 3, 3) },
    },
    other: {
      text: `input q uint8[1, 128, 28, 28]; output y uint8[1, 128, 28, 28]
        y = QLinearConv(q, scale, u128, w, scale, s0, scale_y, u128) {group=128, ${conv.pads}}`,
      constants: { w: integers("int8", 128, 1, 3, 3) },
    },
    ratio: 3.8,
    margin: 1.6,
  },
  {
    name: "int8-thin-conv3d",
    rule: "a Conv3d over few channels loses by int8",
    reliedOnBy: ["lib/quantize/operators.ts", "lib/passes/lower_conv3d.ts"],
    base: {
      text: `input x float32[1, 1, 8, 32, 32]; output y float32[1, 32, 8, 16, 16]
        y = Conv(x, w) {pads=[2, 3, 3, 2, 3, 3], strides=[1, 2, 2]}`,
      constants: { w: weights(32, 1, 5, 7, 7) },
    },
    other: {
      text: `input q uint8[1, 1, 8, 32, 32]; output y uint8[1, 32, 8, 16, 16]
        y = QLinearConv(q, scale, u128, w, scale, s0, scale_y, u128) {pads=[2, 3, 3, 2, 3, 3], strides=[1, 2, 2]}`,
      constants: { w: integers("int8", 32, 1, 5, 7, 7) },
    },
    ratio: 4.5,
    margin: 1.6,
  },
  {
    name: "int8-max-pool",
    rule: "a MaxPool with channels first loses by int8",
    reliedOnBy: ["lib/passes/swap_relu_max_pool.ts"],
    base: {
      text: `input x float32[1, 64, 56, 56]; output y float32[1, 64, 28, 28]
        y = MaxPool(x) {kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]}`,
    },
    other: {
      text: `input q uint8[1, 64, 56, 56]; output y uint8[1, 64, 28, 28]
        y = MaxPool(q) {kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]}`,
    },
    ratio: 6.5,
    margin: 1.6,
  },
  {
    name: "int8-max-pool-with-channels-last",
    rule: "an int8 MaxPool is far faster with channels last than with channels first",
    reliedOnBy: ["lib/cost/forms.ts"],
    base: {
      text: `input q uint8[1, 64, 56, 56]; output y uint8[1, 64, 28, 28]
        y = MaxPool(q) {kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]}`,
    },
    other: {
      text: `input last uint8[1, 56, 56, 64]; output y uint8[1, 28, 28, 64]
        y = com.microsoft::NhwcMaxPool(last) {kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]}`,
    },
    ratio: 0.22,
    margin: 1.7,
  },
  {
    name: "int8-max-pool3d",
    rule: "a MaxPool over three axes loses by int8",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text: `input x float32[1, 32, 8, 32, 32]; output y float32[1, 32, 8, 16, 16]
        y = MaxPool(x) {kernel_shape=[1, 3, 3], pads=[0, 1, 1, 0, 1, 1], strides=[1, 2, 2]}`,
    },
    other: {
      text: `input q uint8[1, 32, 8, 32, 32]; output y uint8[1, 32, 8, 16, 16]
        y = MaxPool(q) {kernel_shape=[1, 3, 3], pads=[0, 1, 1, 0, 1, 1], strides=[1, 2, 2]}`,
    },
    ratio: 6,
    margin: 1.6,
  },
  {
    name: "int8-average-pool",
    rule: "an AveragePool loses by int8",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text: `input x float32[1, 64, 28, 28]; output y float32[1, 64, 28, 28]
        y = AveragePool(x) {kernel_shape=[3, 3], ${conv.pads}}`,
    },
    other: {
      text: `input q uint8[1, 64, 28, 28]; output y uint8[1, 64, 28, 28]
        y = com.microsoft::QLinearAveragePool(q, scale, u128, scale_y, u128) {kernel_shape=[3, 3], ${conv.pads}}`,
    },
    ratio: 6.5,
    margin: 1.6,
  },
  {
    name: "int8-softmax",
    rule: "a Softmax loses by int8",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text: `input x float32[64, 512]; output y float32[64, 512]; y = Softmax(x) {axis=-1}`,
    },
    other: {
      text: `input q uint8[64, 512]; output y uint8[64, 512]
        y = com.microsoft::QLinearSoftmax(q, scale, u128, scale_y, u128) {axis=-1, opset=13}`,
    },
    ratio: 1.35,
    margin: 1.3,
  },
  {
    name: "int8-resize",
    rule: "a Resize loses by int8",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text: `input x float32[1, 32, 28, 28]; output y float32[1, 32, 56, 56]
        y = Resize(x, "", twice) {mode="linear"}`,
      constants: { twice: float32([4], [1, 1, 2, 2]) },
    },
    other: {
      text: `input q uint8[1, 32, 28, 28]; output y uint8[1, 32, 56, 56]
        y = Resize(q, "", twice) {mode="linear"}`,
      constants: { twice: float32([4], [1, 1, 2, 2]) },
    },
    ratio: 1.6,
    margin: 1.4,
  },
  {
    name: "float-conv-between-int8",
    rule:
      "a float32 Conv between changes of precision is computed in int8, unless a Sum stands before it",
    reliedOnBy: ["lib/quantize/barriers.ts"],
    base: {
      text: `input q uint8${map}; output y uint8${map}
        a = DequantizeLinear(q, scale, u128); b = Sum(a); c = Conv(b, w) {${conv.pads}}
        y = QuantizeLinear(c, scale_y, u128)`,
      constants: { w: weights(64, 64, 3, 3) },
    },
    other: {
      text: `input q uint8${map}; output y uint8${map}
        a = DequantizeLinear(q, scale, u128); c = Conv(a, w) {${conv.pads}}
        y = QuantizeLinear(c, scale_y, u128)`,
      constants: { w: weights(64, 64, 3, 3) },
    },
    ratio: 0.6,
  },
  {
    name: "int8-add",
    rule:
      "between uint8 tensors, an Add of uint8 takes less than one of float32 between changes of precision",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text:
        `input qa uint8[1, 64, 56, 56]; input qb uint8[1, 64, 56, 56]; output y uint8[1, 64, 56, 56]
        c = DequantizeLinear(qa, scale, u128); d = DequantizeLinear(qb, scale, u128); e = Add(c, d)
        f = Sum(e); y = QuantizeLinear(f, scale_y, u128)`,
    },
    other: {
      text:
        `input qa uint8[1, 64, 56, 56]; input qb uint8[1, 64, 56, 56]; output y uint8[1, 64, 56, 56]
        y = com.microsoft::QLinearAdd(qa, scale, u128, qb, scale, u128, scale_y, u128)`,
    },
    ratio: 0.75,
    margin: 1.3,
  },
  {
    name: "int8-gemm",
    rule: "a Gemm gains from int8",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text: `input x float32[64, 512]; output y float32[64, 256]; y = Gemm(x, w)`,
      constants: { w: weights(512, 256) },
    },
    other: {
      text: `input q uint8[64, 512]; output y uint8[64, 256]
        y = com.microsoft::QGemm(q, scale, u128, w, scale, s0, "", scale_y, u128)`,
      constants: { w: integers("int8", 512, 256) },
    },
    ratio: 0.57,
  },
  {
    name: "int8-gemm-gives-float32",
    rule: "an int8 Gemm gives float32 at no cost",
    reliedOnBy: ["lib/quantize/static_results.ts"],
    base: {
      text: `input q uint8[64, 512]; output y uint8[64, 256]
        y = com.microsoft::QGemm(q, scale, u128, w, scale, s0, "", scale_y, u128)`,
      constants: { w: integers("int8", 512, 256) },
    },
    other: {
      text: `input q uint8[64, 512]; output y float32[64, 256]
        y = com.microsoft::QGemm(q, scale, u128, w, scale, s0)`,
      constants: { w: integers("int8", 512, 256) },
    },
    ratio: 0.88,
    margin: 1.3,
  },
  {
    name: "changes-of-precision",
    rule: "to make uint8 of floats takes two to three times as long as to make floats of uint8",
    reliedOnBy: ["lib/cost/conversion_times.ts"],
    base: eightfold("q uint8", "DequantizeLinear(a, scale, u128)", "float32"),
    other: eightfold("x float32", "QuantizeLinear(a, scale, u128)", "uint8"),
    ratio: CONVERSION_NS.quantize / CONVERSION_NS.dequantize,
  },
  {
    name: "moves-of-channels",
    rule: "to move channels takes about half as long in uint8",
    reliedOnBy: ["lib/cost/conversion_times.ts"],
    base: eightfold("x float32", "Transpose(a) {perm=[0, 2, 1]}", "float32"),
    other: eightfold("q uint8", "Transpose(a) {perm=[0, 2, 1]}", "uint8"),
    ratio: CONVERSION_NS.transposeInt8 / CONVERSION_NS.transposeFloat,
  },
  {
    name: "int8-concat",
    rule: "an int8 Concat takes about as long as one of float32",
    reliedOnBy: ["lib/quantize/operators.ts"],
    base: {
      text:
        `input a float32[1, 64, 56, 56]; input b float32[1, 64, 56, 56]; output y float32[1, 128, 56, 56]
        y = Concat(a, b) {axis=1}`,
    },
    other: {
      text:
        `input qa uint8[1, 64, 56, 56]; input qb uint8[1, 64, 56, 56]; output y uint8[1, 128, 56, 56]
        y = com.microsoft::QLinearConcat(scale_y, u128, qa, scale, u128, qb, scale, u128) {axis=1}`,
    },
    ratio: 1.1,
  },
];
