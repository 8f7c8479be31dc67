import { assert, assertEquals } from "@std/assert";
import type { Model } from "../../lib/onnx/model.ts";
import { asExecuted } from "../../lib/quantize/as_executed.ts";
import type { QuantFormat } from "../../lib/quantize/convert.ts";
import { qconfigMapping, type Rule } from "../../lib/quantize/mapping.ts";
import {
  dynamicInt8,
  float32,
  perTensor,
  perTensorAffine,
  type QConfig,
  staticInt8,
  weightOnly,
} from "../../lib/quantize/qconfig.ts";
import { readPlan } from "../../lib/quantize/read_plan.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import { modelOf, quantized, samplesOf, sqnrBetween } from "./fixture.ts";

/** A network, a mapping, and what the runtime must make of each node. */
interface Case {
  readonly name: string;
  readonly graph: string;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly default: QConfig;
  readonly rules?: readonly Rule[];
  /** May depend on how it is written. */
  readonly executes: readonly string[] | Readonly<Record<QuantFormat, readonly string[]>>;
  /** Least SQNR of the output, dB. @default {30} */
  readonly sqnr?: number;
}

const any = staticInt8({ kernels: "any" });
const image = { x: [1, 8, 12, 12] };
const twoConvs = { w1: [16, 8, 3, 3], b1: [16], w2: [8, 16, 3, 3] };

/** With what a MatMul and its Relu become in each format. */
const byFormat = (executes: (product: string) => string[]): Record<QuantFormat, string[]> => ({
  QDQ: executes("QLinearMatMul"),
  QOperator: executes("MatMulIntegerToFloat"),
});

const cases: readonly Case[] = [
  {
    name: "Conv and Relu become one kernel each, with per-channel weights",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 12, 12]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu
      y = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    executes: ["QLinearConv", "in QLinearConv", "QLinearConv"],
  },
  {
    name: "a scale for each whole weight does as well",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 16, 10, 10]
      y = Conv(x, w1, b1) @ conv1`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8({ weight: perTensor }),
    executes: ["QLinearConv"],
  },
  {
    name: "a Gemm with its Relu is int8 also where nobody reads it so",
    graph: `input x float32[N, 32]; output y float32[N, 16]
      a = Gemm(x, w) @ fc; r = Relu(a) @ relu; y = Tanh(r) @ tanh`,
    weights: { w: [32, 16] },
    inputs: { x: [2, 32] },
    default: staticInt8(),
    executes: ["QGemm", "in QGemm", "Tanh"],
  },
  {
    name: "a MatMul with its Relu is int8 also where nobody reads it so",
    graph: `input x float32[N, 32]; output y float32[N, 16]
      a = MatMul(x, w) @ fc; r = Relu(a) @ relu; y = Tanh(r) @ tanh`,
    weights: { w: [32, 16] },
    inputs: { x: [2, 32] },
    default: staticInt8(),
    executes: byFormat((product) => [product, `in ${product}`, "Tanh"]),
  },
  {
    name: "Clip to [0, 6] vanishes as Relu does",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 12, 12]
      tensor zero float32[] = [0.0]; tensor six float32[] = [6.0]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Clip(a, zero, six) @ clip
      y = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2`,
    weights: twoConvs,
    inputs: { x: [1, 8, 12, 12] },
    default: staticInt8(),
    executes: ["QLinearConv", "in QLinearConv", "QLinearConv"],
  },
  {
    name: "a residual Add between Convs is int8, its Relu inside",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 16, 12, 12]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu1
      b = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2
      s = Add(b, x) @ add; t = Relu(s) @ relu2
      y = Conv(t, w1) {pads=[1, 1, 1, 1]} @ conv3`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    executes: [
      "QLinearConv",
      "in QLinearConv",
      "QLinearConv",
      "QLinearAdd",
      "in QLinearAdd",
      "QLinearConv",
    ],
  },
  {
    name: "a Conv asked to stay float32 between int8 ones does so, behind a barrier",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 16, 12, 12]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu1
      b = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2; s = Relu(b) @ relu2
      y = Conv(s, w1) {pads=[1, 1, 1, 1]} @ conv3`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    rules: [["conv2", float32]],
    executes: ["QLinearConv", "in QLinearConv", "Conv", "in QuantizeLinear", "QLinearConv"],
  },
  {
    name: "a Conv whose kernel is computed stays float32, though it is int8 behind a Transpose",
    graph:
      `input t float32[1, 8, 6, 6]; input x float32[1, 8, 12, 12]; output y float32[1, 16, ?, ?]
      k = Conv(t, w) @ kernel; kt = Transpose(k) {perm=[1, 0, 2, 3]} @ transpose
      f = Conv(x, w) @ map; c = Conv(f, kt) {group=8} @ correlation; r = Relu(c) @ relu
      y = Conv(r, v) @ last`,
    weights: { w: [8, 8, 3, 3], v: [16, 8, 1, 1] },
    inputs: { t: [1, 8, 6, 6], x: [1, 8, 12, 12] },
    default: staticInt8(),
    executes: [
      "QLinearConv",
      "Transpose uint8",
      "QLinearConv",
      "Conv",
      "in QuantizeLinear",
      "QLinearConv",
    ],
  },
  {
    name: "a MatMul of two int8 activations stays float32 where it is asked to, whoever reads it",
    graph: `input x float32[6, 8]; output y float32[6, 6]
      a = MatMul(x, w) @ left; r = Relu(a) @ relu1; b = MatMul(x, v) @ right; s = Relu(b) @ relu2
      t = Transpose(s) {perm=[1, 0]} @ transpose; p = MatMul(r, t) @ pair; y = Softmax(p) @ softmax`,
    weights: { w: [8, 16], v: [8, 16] },
    inputs: { x: [6, 8] },
    default: staticInt8(),
    rules: [["pair", float32]],
    executes: byFormat((product) => [
      ...[product, `in ${product}`, product, `in ${product}`],
      ...["Transpose uint8", "MatMul", "Softmax"],
    ]),
  },
  {
    name: "a Gemm whose right side is computed stays float32",
    graph: `input x float32[6, 8]; output y float32[6, 4]
      a = MatMul(x, w) @ left; r = Relu(a) @ relu1; b = MatMul(x, v) @ right; s = Relu(b) @ relu2
      p = Gemm(r, s) {transB=1} @ pair; q = Relu(p) @ relu3; y = MatMul(q, u) @ last`,
    weights: { w: [8, 16], v: [8, 16], u: [6, 4] },
    inputs: { x: [6, 8] },
    default: staticInt8(),
    executes: byFormat((product) => [
      ...[product, `in ${product}`, product, `in ${product}`],
      ...["Gemm", "in QuantizeLinear", "MatMulIntegerToFloat"],
    ]),
  },
  {
    name: "a Conv stored small between int8 ones computes in float32",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 16, 12, 12]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
      b = Conv(a, w2) {pads=[1, 1, 1, 1]} @ conv2
      y = Conv(b, w1) {pads=[1, 1, 1, 1]} @ conv3`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    rules: [["conv2", weightOnly()]],
    executes: ["QLinearConv", "Conv", "QLinearConv"],
  },
  {
    name: "a depthwise Conv stays float32 between int8 neighbours",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 12, 12]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu1
      b = Conv(r, d) {pads=[1, 1, 1, 1], group=16} @ depthwise; s = Relu(b) @ relu2
      y = Conv(s, w2) {pads=[1, 1, 1, 1]} @ conv2`,
    weights: { ...twoConvs, d: [16, 1, 3, 3] },
    inputs: image,
    default: staticInt8(),
    executes: ["QLinearConv", "in QLinearConv", "Conv", "in QuantizeLinear", "QLinearConv"],
  },
  {
    name: "a depthwise Conv is int8 where any kernel will do",
    graph: `input x float32[N, 16, 12, 12]; output y float32[N, 16, 12, 12]
      y = Conv(x, d) {pads=[1, 1, 1, 1], group=16} @ depthwise`,
    weights: { d: [16, 1, 3, 3] },
    inputs: { x: [1, 16, 12, 12] },
    default: any,
    executes: ["QLinearConv"],
  },
  {
    name: "MaxPool between int8 Convs keeps their integers",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 4, 4]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu1
      p = MaxPool(r) {kernel_shape=[2, 2], strides=[2, 2]} @ pool
      y = Conv(p, w2) @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    executes: ["QLinearConv", "in QLinearConv", "NhwcMaxPool uint8", "QLinearConv"],
  },
  {
    name: "MaxPool asked to stay float32 between int8 Convs does so",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 4, 4]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu1
      p = MaxPool(r) {kernel_shape=[2, 2], strides=[2, 2]} @ pool
      y = Conv(p, w2) @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    rules: [["pool", float32]],
    executes: ["QLinearConv", "in QLinearConv", "MaxPool", "QLinearConv"],
  },
  {
    name: "MaxPool behind a float32 Conv and before an int8 one is not pulled into int8",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 4, 4]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu1
      p = MaxPool(r) {kernel_shape=[2, 2], strides=[2, 2]} @ pool
      y = Conv(p, w2) @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    rules: [["conv1", float32]],
    executes: ["FusedConv", "in FusedConv", "MaxPool", "QLinearConv"],
  },
  {
    name: "Conv1d, Flatten and Gemm with a bias: the last result comes out in float32",
    graph: `input x float32[N, 8, 20]; output y float32[N, 10]
      a = Conv(x, w, b) @ conv; r = Relu(a) @ relu; f = Flatten(r) @ flatten
      y = Gemm(f, g, c) {transB=1} @ fc`,
    weights: { w: [16, 8, 3], b: [16], g: [10, 288], c: [10] },
    inputs: { x: [1, 8, 20] },
    default: staticInt8(),
    executes: ["QLinearConv", "in QLinearConv", "Flatten uint8", "QGemm"],
  },
  {
    name: "Gemm and Relu before Gemm pass integers on",
    graph: `input x float32[N, 64]; output y float32[N, 10]
      a = Gemm(x, g, c) @ fc1; r = Relu(a) @ relu; y = Gemm(r, h) @ fc2`,
    weights: { g: [64, 32], c: [32], h: [32, 10] },
    inputs: { x: [4, 64] },
    default: staticInt8(),
    executes: ["QGemm", "in QGemm", "QGemm"],
  },
  {
    name: "MatMul with its bias Add computes on integers",
    graph: `input x float32[N, T, 32]; output y float32[N, T, 16]
      a = MatMul(x, g) @ matmul1; s = Add(a, c) @ add; r = Relu(s) @ relu
      y = MatMul(r, h) @ matmul2`,
    weights: { g: [32, 24], c: [24], h: [24, 16] },
    inputs: { x: [1, 6, 32] },
    default: staticInt8(),
    executes: [
      "MatMulIntegerToFloat",
      "in MatMulIntegerToFloat",
      "in MatMulIntegerToFloat",
      "MatMulIntegerToFloat",
    ],
  },
  {
    name: "MatMul with its bias Add computes on integers, shapes known",
    graph: `input x float32[1, 6, 32]; output y float32[1, 6, 16]
      a = MatMul(x, g) @ matmul1; s = Add(a, c) @ add; r = Relu(s) @ relu
      b = MatMul(r, h) @ matmul2; y = Add(b, d) @ add2`,
    weights: { g: [32, 24], c: [24], h: [24, 16], d: [16] },
    inputs: { x: [1, 6, 32] },
    default: staticInt8(),
    executes: {
      QDQ: ["QGemm", "in QGemm", "in QGemm", "QGemm", "in QGemm"],
      QOperator: [
        "MatMulIntegerToFloat",
        "in MatMulIntegerToFloat",
        "in MatMulIntegerToFloat",
        "MatMulIntegerToFloat",
        "in MatMulIntegerToFloat",
      ],
    },
  },
  {
    name: "MatMul of two activations is int8 on both sides",
    graph: `input a float32[N, 6, 32]; input b float32[N, 32, 6]; output y float32[N, 6, 6]
      y = MatMul(a, b) @ scores`,
    inputs: { a: [1, 6, 32], b: [1, 32, 6] },
    default: staticInt8(),
    executes: ["MatMulIntegerToFloat"],
  },
  {
    name: "dynamic Gemm with a transposed weight and a bias is one kernel",
    graph: `input x float32[N, 64]; output y float32[N, 10]
      a = Gemm(x, g, c) {transB=1} @ fc1; r = Relu(a) @ relu; y = Gemm(r, h) @ fc2`,
    weights: { g: [32, 64], c: [32], h: [32, 10] },
    inputs: { x: [4, 64] },
    default: float32,
    rules: [[{ op: "Gemm" }, dynamicInt8()]],
    executes: ["DynamicQuantizeMatMul", "Relu", "DynamicQuantizeMatMul"],
  },
  {
    name: "dynamic MatMul over three dimensions is one kernel",
    graph: `input x float32[N, T, 32]; output y float32[N, T, 16]; y = MatMul(x, g) @ matmul`,
    weights: { g: [32, 16] },
    inputs: { x: [1, 5, 32] },
    default: dynamicInt8({ weight: perTensor }),
    executes: ["DynamicQuantizeMatMul"],
  },
  {
    name: "dynamic Conv is one integer kernel, bias and groups and strides included",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 16, 6, 6]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1], strides=[2, 2]} @ conv1
      y = Conv(a, g) {pads=[1, 1, 1, 1], group=4} @ grouped`,
    weights: { ...twoConvs, g: [16, 4, 3, 3] },
    inputs: image,
    default: dynamicInt8(),
    executes: ["ConvInteger", "ConvInteger"],
  },
  {
    name: "dynamic Conv1d and Conv3d",
    graph: `input x float32[N, 8, 12]; input v float32[N, 2, 4, 6, 6]
      output y float32[N, 4, 10]; output z float32[N, 4, 3, 5, 5]
      y = Conv(x, w, b) @ conv1d; z = Conv(v, u, b) @ conv3d`,
    weights: { w: [4, 8, 3], u: [4, 2, 2, 2, 2], b: [4] },
    inputs: { x: [1, 8, 12], v: [1, 2, 4, 6, 6] },
    default: dynamicInt8({ weight: perTensor }),
    executes: ["ConvInteger", "ConvInteger"],
  },
  {
    name: "a bidirectional LSTM is the runtime's dynamic one, states and peepholes left out",
    graph: `input x float32[T, N, 16]; input h float32[2, N, 12]; input c float32[2, N, 12]
      output y float32[T, 2, N, 12]; output cn float32[2, N, 12]
      y, "", cn = LSTM(x, w, r, b, "", h, c) {hidden_size=12, direction="bidirectional"} @ lstm`,
    weights: { w: [2, 48, 16], r: [2, 48, 12], b: [2, 96] },
    inputs: { x: [7, 3, 16], h: [2, 3, 12], c: [2, 3, 12] },
    default: dynamicInt8(),
    executes: ["DynamicQuantizeLSTM"],
  },
  {
    name: "an LSTM with one scale for each direction",
    graph: `input x float32[T, N, 16]; output y float32[T, 1, N, 12]
      y = LSTM(x, w, r) {hidden_size=12} @ lstm`,
    weights: { w: [1, 48, 16], r: [1, 48, 12] },
    inputs: { x: [7, 1, 16] },
    default: dynamicInt8({ weight: perTensor }),
    executes: ["DynamicQuantizeLSTM"],
  },
  {
    name: "a dynamic GRU is a MatMul over all steps and a Scan, in both reset modes",
    graph: `input x float32[T, N, 16]; input h float32[2, N, 12]
      output y float32[T, 2, N, 12]; output z float32[1, N, 12]
      y = GRU(x, w, r, b, "", h) {hidden_size=12, direction="bidirectional", linear_before_reset=1} @ gru
      "", z = GRU(x, w1, r1) {hidden_size=12} @ other`,
    weights: { w: [2, 36, 16], r: [2, 36, 12], b: [2, 72], w1: [1, 36, 16], r1: [1, 36, 12] },
    inputs: { x: [7, 3, 16], h: [2, 3, 12] },
    default: dynamicInt8(),
    executes: ["Scan", "Scan"],
  },
  {
    name: "a dynamic RNN is a MatMul over all steps and a Scan",
    graph: `input x float32[T, N, 16]; output y float32[T, 1, N, 12]
      y = RNN(x, w, r, b) {hidden_size=12} @ rnn`,
    weights: { w: [1, 12, 16], r: [1, 12, 12], b: [1, 24] },
    inputs: { x: [7, 3, 16] },
    default: dynamicInt8({ weight: perTensor }),
    executes: ["Scan"],
  },
  {
    name: "a GRU stored small runs on the float32 kernel",
    graph: `input x float32[T, N, 16]; output y float32[T, 2, N, 12]
      y = GRU(x, w, r, b) {hidden_size=12, direction="bidirectional", linear_before_reset=1} @ gru`,
    weights: { w: [2, 36, 16], r: [2, 36, 12], b: [2, 72] },
    inputs: { x: [7, 1, 16] },
    default: weightOnly(),
    executes: ["GRU"],
  },
  {
    name: "a GRU with weights of 4 bits runs on the float32 kernel, blocks that do not fill up too",
    graph: `input x float32[T, N, 18]; output y float32[T, 1, N, 12]
      y = GRU(x, w, r, b) {hidden_size=12, linear_before_reset=1} @ gru`,
    weights: { w: [1, 36, 18], r: [1, 36, 12], b: [1, 72] },
    inputs: { x: [7, 1, 18] },
    default: weightOnly({ bits: 4, blockSize: 16 }),
    executes: ["GRU"],
    sqnr: 18,
  },
  {
    name: "float16 weights of a MatMul and a Conv are float32 in the kernel",
    graph: `input x float32[N, 8, 20]; output y float32[N, 16, 10]
      a = Conv(x, w, b) @ conv; y = MatMul(a, g) @ matmul`,
    weights: { w: [16, 8, 3], b: [16], g: [18, 10] },
    inputs: { x: [1, 8, 20] },
    default: weightOnly({ bits: 16 }),
    executes: ["Conv", "MatMul"],
    sqnr: 60,
  },
  {
    name: "weights of 4 bits of a matrix with channels last",
    graph: `input x float32[N, 40]; output y float32[N, 10]; y = MatMul(x, g) @ matmul`,
    weights: { g: [40, 10] },
    inputs: { x: [3, 40] },
    default: weightOnly({ bits: 4 }),
    executes: ["MatMul"],
    sqnr: 16,
  },
  {
    name: "static and dynamic and stored weights share a graph",
    graph: `input x float32[N, 8, 20]; output y float32[18, N, 10]
      a = Conv(x, w, b) @ conv; r = Relu(a) @ relu; t = Transpose(r) {perm=[2, 0, 1]} @ transpose
      h = GRU(t, gw, gr, gb) {hidden_size=12, linear_before_reset=1} @ gru
      tensor axes int64[1] = [1]
      s = Squeeze(h, axes) @ squeeze
      y = MatMul(s, m) @ linear`,
    weights: { w: [16, 8, 3], b: [16], gw: [1, 36, 16], gr: [1, 36, 12], gb: [1, 72], m: [12, 10] },
    inputs: { x: [1, 8, 20] },
    default: staticInt8(),
    rules: [[{ op: "GRU" }, weightOnly()], ["linear", dynamicInt8()]],
    executes: [
      "QLinearConv",
      "in QLinearConv",
      "Transpose uint8",
      "GRU",
      "Squeeze",
      "DynamicQuantizeMatMul",
    ],
  },
  {
    name: "what cannot be static is stored small, if static says so",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 12, 12]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
      b = Conv(a, d) {pads=[1, 1, 1, 1], group=16} @ depthwise
      c = Conv(b, w2) {pads=[1, 1, 1, 1]} @ conv2
      y = ConvTranspose(c, t) {pads=[1, 1, 1, 1]} @ up`,
    weights: { ...twoConvs, d: [16, 1, 3, 3], t: [8, 8, 3, 3] },
    inputs: image,
    default: staticInt8({ otherwise: weightOnly() }),
    executes: ["QLinearConv", "Conv", "QLinearConv", "ConvTranspose"],
  },
  {
    name: "Sigmoid, Mul with a constant, Concat and GlobalAveragePool between int8 Convs",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 1, 1]
      a = Conv(x, w1, b1) @ conv1; s = Sigmoid(a) @ sigmoid; m = Mul(a, s) @ mul
      k = Mul(m, half) @ half_mul
      c = Concat(k, m) {axis=1} @ concat; g = GlobalAveragePool(c) @ pool
      y = Conv(g, w2) @ conv2`,
    weights: { ...twoConvs, half: [1, 16, 1, 1], w2: [8, 32, 1, 1] },
    inputs: image,
    default: staticInt8(),
    executes: [
      "QLinearConv",
      "QLinearSigmoid",
      "QLinearMul",
      "QLinearMul",
      "QLinearConcat",
      "QLinearGlobalAveragePool",
      "QLinearConv",
    ],
    sqnr: 25,
  },
  {
    name: "Split, Slice and Concat between int8 Convs move integers",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 16, 12, 12]
      tensor halves int64[2] = [8, 8]; tensor from int64[1] = [0]; tensor to int64[1] = [4]
      tensor axis int64[1] = [1]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
      l, r = Split(a, halves) {axis=1} @ split
      s = Slice(l, from, to, axis) @ slice; t = Slice(r, from, to, axis) @ slice2
      c = Concat(s, t) {axis=1} @ concat
      y = Conv(c, w1) {pads=[1, 1, 1, 1]} @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    executes: [
      "QLinearConv",
      "Split uint8",
      "Slice uint8",
      "Slice uint8",
      "QLinearConcat",
      "QLinearConv",
    ],
  },
  {
    name: "Where, Softmax, LeakyRelu, AveragePool and Resize are int8 where any kernel will do",
    graph: `input x float32[N, 8, 12, 12]; input c bool[N, 16, 12, 12]
      output y float32[N, 8, 12, 12]
      tensor scales float32[4] = [1.0, 1.0, 2.0, 2.0]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
      l = LeakyRelu(a) {alpha=0.1} @ leaky
      p = AveragePool(l) {kernel_shape=[2, 2], strides=[2, 2]} @ pool
      u = Resize(p, "", scales) {mode="nearest"} @ resize
      q = Where(c, u, l) @ where; s = Softmax(q) {axis=1} @ softmax
      y = Conv(s, w2) {pads=[1, 1, 1, 1]} @ conv2`,
    weights: twoConvs,
    inputs: { x: [1, 8, 12, 12], c: [1, 16, 12, 12] },
    default: any,
    executes: [
      "QLinearConv",
      "QLinearLeakyRelu",
      "QLinearAveragePool",
      "Resize uint8",
      "QLinearWhere",
      "QLinearSoftmax",
      "QLinearConv",
    ],
    sqnr: 20,
  },
  {
    name: "Gather, Unsqueeze, Squeeze, Expand and Tile of integers",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 12, 12]
      tensor order int64[16] = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
      tensor axis int64[1] = [2]; tensor shape int64[5] = [1, 16, 2, 12, 12]
      tensor first int64[] = [0]
      tensor times int64[4] = [1, 1, 1, 1]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
      g = Gather(a, order) {axis=1} @ gather; u = Unsqueeze(g, axis) @ unsqueeze
      e = Expand(u, shape) @ expand; h = Gather(e, first) {axis=2} @ first_half
      t = Tile(h, times) @ tile
      y = Conv(t, w2) {pads=[1, 1, 1, 1]} @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    executes: [
      "QLinearConv",
      "Gather uint8",
      "Unsqueeze uint8",
      "Expand uint8",
      "Gather uint8",
      "Tile uint8",
      "QLinearConv",
    ],
  },
  {
    name: "Conv3d over many channels is int8, over one channel float32",
    graph: `input x float32[N, 1, 4, 10, 10]; output y float32[N, 4, 4, 10, 10]
      a = Conv(x, f) {pads=[1, 1, 1, 1, 1, 1]} @ front; r = Relu(a) @ relu
      y = Conv(r, w) {pads=[1, 1, 1, 1, 1, 1]} @ inner`,
    weights: { f: [8, 1, 3, 3, 3], w: [4, 8, 3, 3, 3] },
    inputs: { x: [1, 1, 4, 10, 10] },
    default: staticInt8(),
    executes: ["Conv", "in QuantizeLinear", "QLinearConv"],
  },
  {
    name: "a Clip around zero vanishes behind a Conv and between int8 operators",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 8, 8]
      tensor low float32[] = [-0.5]; tensor high float32[] = [0.25]; tensor most float32[] = [0.1]
      a = Conv(x, w1, b1) @ conv1; c = Clip(a, low, high) @ clip
      b = AveragePool(c) {kernel_shape=[1, 1]} @ pool; d = Clip(b, "", most) @ clip2
      y = Conv(d, w2) @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: any,
    executes: ["QLinearConv", "in QLinearConv", "QLinearAveragePool", "folded away", "QLinearConv"],
    sqnr: 25,
  },
  {
    name: "zero in the middle: Relu and Clip vanish all the same",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 12, 12]
      tensor zero float32[] = [0.0]; tensor six float32[] = [6.0]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu
      b = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2; c = Clip(b, zero, six) @ clip
      d = Conv(c, w1, b1) {pads=[1, 1, 1, 1]} @ conv3
      y = Conv(d, w2) {pads=[1, 1, 1, 1]} @ conv4`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8({ scheme: "symmetric" }),
    executes: [
      "QLinearConv",
      "in QLinearConv",
      "QLinearConv",
      "in QLinearConv",
      "QLinearConv",
      "QLinearConv",
    ],
  },
  {
    name: "half of the integers of int8: Relu vanishes all the same",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 12, 12]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1; r = Relu(a) @ relu
      y = Conv(r, w2) {pads=[1, 1, 1, 1]} @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8({ dtype: "int8", reduceRange: true }),
    executes: ["QLinearConv", "in QLinearConv", "QLinearConv"],
  },
  {
    name: "Pad of every kind and SpaceToDepth move integers",
    graph: `input x float32[N, 8, 12, 12]; output y float32[N, 8, 14, 14]
      tensor widths int64[8] = [0, 0, 1, 1, 0, 0, 1, 1]; tensor zero float32[] = [0.0]
      a = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
      p = Pad(a, widths) @ pad; q = Pad(p, widths, zero) @ pad_zero
      r = Pad(q, widths) {mode="reflect"} @ pad_reflect; e = Pad(r, widths) {mode="edge"} @ pad_edge
      s = SpaceToDepth(e) {blocksize=2} @ space; d = DepthToSpace(s) {blocksize=2} @ depth
      y = Conv(d, w2) {strides=[1, 1], dilations=[3, 3]} @ conv2`,
    weights: twoConvs,
    inputs: image,
    default: staticInt8(),
    executes: [
      "QLinearConv",
      "Pad uint8",
      "Pad uint8",
      "Pad uint8",
      "Pad uint8",
      "SpaceToDepth uint8",
      "DepthToSpace uint8",
      "QLinearConv",
    ],
  },
  {
    name: "uint8 weights with a zero point: static",
    graph: `input x float32[N, 8, 12]; output y float32[N, 6]; output z float32[N, 16, 8]
      a = Conv(x, w, b) @ conv; r = Relu(a) @ relu; z = MatMul(r, m) @ matmul
      f = Flatten(r) @ flatten; y = Gemm(f, g, c) {transB=1} @ fc`,
    weights: { w: [16, 8, 3], b: [16], m: [10, 8], g: [6, 160], c: [6] },
    inputs: { x: [1, 8, 12] },
    default: staticInt8({ weight: perTensorAffine }),
    executes: ["QLinearConv", "in QLinearConv", "MatMulIntegerToFloat", "Flatten uint8", "QGemm"],
  },
  {
    name: "uint8 weights with a zero point: dynamic",
    graph: `input x float32[T, N, 16]; output y float32[T, 4, N, 12]; output z float32[T, 1, N, 12]
      a = MatMul(x, m) @ matmul; z = LSTM(a, lw, lr) {hidden_size=12} @ lstm
      g = GRU(a, gw, gr) {hidden_size=12} @ gru; y = Conv(g, w) {pads=[0, 1, 0, 1]} @ conv`,
    weights: {
      ...{ m: [16, 16], lw: [1, 48, 16], lr: [1, 48, 12] },
      ...{ gw: [1, 36, 16], gr: [1, 36, 12], w: [4, 1, 1, 3] },
    },
    inputs: { x: [7, 3, 16] },
    default: dynamicInt8({ weight: perTensorAffine }),
    executes: ["DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "Scan", "ConvInteger"],
  },
  {
    name: "uint8 weights with a zero point: stored small",
    graph: `input x float32[T, N, 16]; output y float32[T, 2, N, 12]
      y = GRU(x, w, r, b) {hidden_size=12, direction="bidirectional"} @ gru`,
    weights: { w: [2, 36, 16], r: [2, 36, 12], b: [2, 72] },
    inputs: { x: [7, 1, 16] },
    default: weightOnly({ weight: perTensorAffine }),
    executes: ["GRU"],
  },
  {
    name: "a Gemm whose bias is one number for all outputs",
    graph: `input x float32[N, 32]; output y float32[N, 10]
      tensor b float32[] = [0.3]; tensor c float32[1, 1] = [-0.2]
      a = Gemm(x, g, b) @ fc1; r = Relu(a) @ relu; y = Gemm(r, h, c) @ fc2`,
    weights: { g: [32, 16], h: [16, 10] },
    inputs: { x: [4, 32] },
    default: staticInt8(),
    executes: ["QGemm", "in QGemm", "QGemm"],
  },
  {
    name: "a MatMul whose weights are a stack of matrices",
    graph: `input x float32[2, N, 32]; output y float32[2, N, 24]; y = MatMul(x, w) @ matmul`,
    weights: { w: [2, 32, 24] },
    inputs: { x: [2, 6, 32] },
    default: staticInt8(),
    executes: ["MatMulIntegerToFloat"],
  },
];

/** All outputs for all samples. */
async function outputsOf(model: Model, samples: readonly Feeds[], runtime: Runtime) {
  return await Array.fromAsync(runtime.run(model, samples));
}

/** Gives an input `c` truth values instead of numbers. */
function withFlags(feeds: Feeds): Feeds {
  const { c } = feeds;
  if (!c || c.dims.length < 4) return feeds;
  const data = Uint8Array.from(c.data as Float32Array, (x) => x > 0 ? 1 : 0);
  return { ...feeds, c: { type: "bool", dims: c.dims, data } };
}

Deno.test("what the runtime executes is what the plan says", async (t) => {
  await using runtime = openRuntime({ workers: 1 });
  for (const { name, graph, weights, inputs, rules, executes, sqnr = 30, ...rest } of cases) {
    const step = (format: QuantFormat) => async () => {
      const model = modelOf(graph, weights);
      const samples = samplesOf(inputs, 4).map(withFlags);
      const mapping = qconfigMapping({ default: rest.default, rules });
      const int8 = await quantized(model, mapping, samples, { format });
      const plan = readPlan(int8, (await runtime.optimized(int8))!);
      const computing = plan.rows.filter(({ opType }) => opType !== "Constant");
      const expected = "QDQ" in executes ? executes[format] : executes;
      assertEquals(computing.map(({ executes }) => executes), expected);
      assertEquals(plan.rows.filter(({ why }) => why.includes("yet the runtime")), []);
      const reached = await sqnrBetween(model, int8, samples);
      assert(reached >= sqnr, `SQNR is ${reached.toFixed(1)} dB, expected ${sqnr} or more`);
      if (format === "QOperator") return;
      const file = await asExecuted(int8, runtime);
      assertEquals(
        await outputsOf(file, samples, runtime),
        await outputsOf(int8, samples, runtime),
      );
      const isQuantized = int8.graph.node.some(({ opType }) => opType === "DequantizeLinear");
      assertEquals(file !== int8, isQuantized);
    };
    await t.step(name, step("QDQ"));
    await t.step(`${name}, written as QOperator`, step("QOperator"));
  }
});
