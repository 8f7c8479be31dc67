import { random } from "../../lib/random.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";

const stream = random(5);

/** A tensor of small numbers, as the text of a graph holds it. */
function weight(name: string, ...dims: number[]): string {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const values = Array.from({ length: count }, () => stream.between(-0.5, 0.5).toFixed(3));
  return `tensor ${name} float32[${dims}] = [${values}]`;
}

const PERCEPTRON = `
  input x float32[N, 8]; output y float32[N, 4]
  ${weight("w", 8, 12)}; ${weight("b", 12)}; ${weight("v", 4, 12)}
  h = MatMul(x, w) @ "/fc1/MatMul"; a = Add(h, b); r = Relu(a)
  t = Transpose(v) {perm=[1, 0]}
  y = MatMul(r, t) @ "/fc2/MatMul"`;

const CONVOLUTION = `
  input x float32[N, 2, 6, 6]; output y float32[N, 3]
  ${weight("w", 4, 2, 3, 3)}; ${weight("b", 4)}; ${weight("g", 4)}
  tensor var float32[4] = [1.0, 1.0, 2.0, 0.5]; ${weight("f", 3, 4)}; ${weight("c", 3)}
  h = Conv(x, w, b) {pads=[1, 1, 1, 1], strides=[1, 1], kernel_shape=[3, 3]}
  n = BatchNormalization(h, g, b, b, var) {epsilon=0.001}
  r = Relu(n); p = MaxPool(r) {kernel_shape=[2, 2], strides=[2, 2]}
  m = GlobalAveragePool(p); l = Flatten(m) {axis=1}
  y = Gemm(l, f, c) {transB=1, alpha=1.0}`;

const RECURRENT = `
  input x float32[T, 1, 4]; output y float32[T, 1, 3]
  ${weight("w", 1, 9, 4)}; ${weight("r", 1, 9, 3)}; ${weight("b", 1, 18)}
  tensor axes int64[1] = [1]
  h = GRU(x, w, r, b) {hidden_size=3, linear_before_reset=1}
  s = Squeeze(h, axes)
  y = Tanh(s)`;

const SHAPES = `
  input x float32[N, 12]; output y float32[N, 6]; output z float32[N, 2, 6]
  ${weight("w", 3, 8)}; tensor shape int64[3] = [0, 2, -1]
  tensor from int64[1] = [0]; tensor to int64[1] = [6]; tensor axis int64[1] = [1]
  tensor parts int64[2] = [3, 5]
  z = Reshape(x, shape)
  part = Slice(x, from, to, axis)
  a, rest = Split(w, parts) {axis=1}
  u = Concat(a, a) {axis=0}
  y, more = TopK(part, to) {axis=1}`;

const BRANCHES = `
  input x float32[N, 4]; input go bool[]; output y float32[N, 4]
  ${weight("w", 4, 4)}; tensor three int64[] = [3]; tensor yes bool[] = [true]
  h = MatMul(x, w)
  c = If(go) {
    then_branch=graph then {output p float32[N, 4]; ${weight("q", 4, 4)}; p = MatMul(h, q)},
    else_branch=graph other {output o float32[N, 4]; o = Softmax(h) {axis=-1}}}
  y = Loop(three, yes, c) {body=graph body {
    input i int64[]; input on bool[]; input v float32[N, 4]
    output again bool[]; output next float32[N, 4]
    again = Identity(on); next = Mul(v, v)}}`;

const QUANTIZED = `
  input x float32[N, 4]; output y float32[N, 4]
  tensor s float32[] = [0.05]; tensor z uint8[] = [128]; tensor k float32[] = [0.01]
  tensor n int8[] = [0]; tensor w int8[4, 4] = [1, -2, 3, 4, 5, 6, -7, 8, 9, 1, 2, -3, 4, 5, 6, 7]
  q = QuantizeLinear(x, s, z); d = DequantizeLinear(q, s, z)
  v = DequantizeLinear(w, k, n); h = MatMul(d, v)
  p = QuantizeLinear(h, s, z); y = DequantizeLinear(p, s, z)`;

/** Small networks of the kinds that people bring, as files. */
export function seedModels(): Uint8Array<ArrayBuffer>[] {
  return [PERCEPTRON, CONVOLUTION, RECURRENT, SHAPES, BRANCHES, QUANTIZED]
    .map((text) => parseModel(text).bytes());
}
