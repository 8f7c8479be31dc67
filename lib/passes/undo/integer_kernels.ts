import { float, floatAttribute, intAttribute, makeNode, withAttributes } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import { readTensorProto } from "../../onnx/tensor_proto.ts";
import type { Twins } from "./twins.ts";

/** Writes an operator on integers in float32. @returns Why it cannot be, where it cannot. */
type Kernel = (node: NodeProto, twins: Twins) => string | undefined;

const UNKNOWN = "its activations have no single constant scale";
const WEIGHTS = "its weights are no constants of 8 bits with known scales";

/** Operators on integers of the standard and of onnxruntime, by what they compute. */
export const KERNELS: ReadonlyMap<string, Kernel> = new Map<string, Kernel>([
  ["QLinearConv", conv],
  ["QLinearMatMul", matMul],
  ["MatMulIntegerToFloat", matMulToFloat],
  ["QGemm", gemm],
  ["QLinearAdd", (node, twins) => pairwise(node, twins, "Add")],
  ["QLinearMul", (node, twins) => pairwise(node, twins, "Mul")],
  ["QLinearSigmoid", (node, twins) => single(node, twins, "Sigmoid")],
  ["QLinearLeakyRelu", (node, twins) => single(node, twins, "LeakyRelu")],
  ["QLinearSoftmax", (node, twins) => single(node, twins, "Softmax")],
  ["QLinearAveragePool", (node, twins) => single(node, twins, "AveragePool")],
  ["QLinearGlobalAveragePool", (node, twins) => single(node, twins, "GlobalAveragePool")],
  ["QLinearConcat", concat],
  ["NhwcMaxPool", maxPool],
]);

/** The float32 tensor that an operator reads: behind a DequantizeLinear where nothing known made the integers. */
function activation(node: NodeProto, at: number, twins: Twins): string | undefined {
  const [integers = "", scale = "", zeroPoint = ""] = node.input.slice(at, at + 3);
  if (twins.isReadAs(integers, scale, zeroPoint)) return twins.of(integers)!.float;
  if (twins.constant(integers) || !twins.range(scale, zeroPoint)) return undefined;
  return twins.dequantized(integers, scale, zeroPoint, node);
}

/** What is written for one operator. */
interface Written {
  readonly opType: string;
  readonly input: readonly string[];
  /** Attributes of the operator on integers that the other has not. */
  readonly without?: readonly string[];
  /** Where the scale of the result is; the result is float32 without. */
  readonly scaleAt?: number;
  readonly weights?: string;
}

/** Writes the float32 operator with what it is quantized to, with channels first if they were last. */
function put(node: NodeProto, twins: Twins, written: Written): undefined {
  const { opType, without = [], scaleAt, weights } = written;
  const [y = ""] = node.output;
  const scale = scaleAt === undefined ? "" : node.input[scaleAt] ?? "";
  const zeroPoint = scaleAt === undefined ? "" : node.input[scaleAt + 1] ?? "";
  const result = scale === "" ? y : twins.floatName(y);
  const last = intAttribute(node, "channels_last", 0) === 1;
  const dropped = [...without, "channels_last"].filter((name) =>
    node.attribute.some((one) => one.name === name)
  );
  const name = node.name.replace(/_quant$/, "");
  const bare = withAttributes(node, Object.fromEntries(dropped.map((name) => [name, undefined])));
  const input = [...written.input];
  const inner = last ? twins.context.fresh(`${result}_channels_first`) : result;
  if (last) input[0] = transposed(input[0]!, [0, 3, 1, 2], node, twins);
  twins.write({ ...bare, domain: "", opType, name, input, output: [inner] }, node);
  const range = scale === "" ? undefined : twins.range(scale, zeroPoint);
  if (last) {
    // The range is that of the result with channels first too: the Transposes go when both meet.
    const ranged = range ? twins.ranged(y, inner, range, node) : inner;
    const back = { name: twins.context.fresh(`${name}_channels_last`) };
    twins.write(makeNode("Transpose", [ranged], [result], { perm: [0, 2, 3, 1] }, back), node);
  }
  if (range) twins.pair(y, result, { range, scale, zeroPoint }, node);
  const read = twins.log.ranges.get(written.input[0]!);
  twins.log.layers.push({
    ...{ node: name, form: "static", from: [{ name: node.name, operator: node.opType }] },
    ...read && { activations: read.type },
    ...weights && { weights },
  });
}

function transposed(x: string, perm: readonly number[], node: NodeProto, twins: Twins): string {
  const made = twins.context.fresh(`${x}_channels_first`);
  const name = twins.context.fresh(`${node.name}_channels_first`);
  twins.write(makeNode("Transpose", [x], [made], { perm }, { name }), node);
  const range = twins.log.ranges.get(x);
  if (range) twins.log.ranges.set(made, range);
  return made;
}

/** A bias of int32, whose scale is that of the activation times those of the weights. */
function biasOf(
  name: string | undefined,
  scales: readonly (string | undefined)[],
  twins: Twins,
  factor = 1,
): string | undefined {
  const stored = twins.constant(name);
  if (!stored) return undefined;
  const { dims, data } = readTensorProto(stored);
  const [x, w] = scales.map((scale) => {
    const tensor = twins.constant(scale);
    return tensor ? readTensorProto(tensor).data as Float32Array : Float32Array.of(1);
  });
  const at = (values: Float32Array, i: number) => values[values.length === 1 ? 0 : i]!;
  const floats = Float32Array.from(
    data as Int32Array,
    (value, i) => value * factor * Math.fround(at(x!, 0) * at(w!, i)),
  );
  return twins.addConstant(name!.replace(/_quantized$/, ""), {
    type: "float32",
    dims,
    data: floats,
  });
}

function conv(node: NodeProto, twins: Twins): string | undefined {
  const x = activation(node, 0, twins);
  if (x === undefined) return UNKNOWN;
  if (!twins.range(node.input[6], node.input[7])) return "its result has no single constant scale";
  const [, , , w = "", scale = "", zero] = node.input;
  const weights = twins.weights(w, scale, zero, () => 0);
  if (!weights) return WEIGHTS;
  const bias = node.input[8] ? biasOf(node.input[8], [node.input[1], scale], twins) : undefined;
  if (node.input[8] && bias === undefined) return "its bias is no constant";
  const input = [x, weights.name, ...bias === undefined ? [] : [bias]];
  return put(node, twins, { opType: "Conv", input, scaleAt: 6, weights: weights.type });
}

function matMul(node: NodeProto, twins: Twins): string | undefined {
  const a = activation(node, 0, twins);
  if (a === undefined) return UNKNOWN;
  if (!twins.range(node.input[6], node.input[7])) return "its result has no single constant scale";
  const [, , , b = "", scale = "", zero] = node.input;
  const other = activation(node, 3, twins);
  const weights = other === undefined
    ? twins.weights(b, scale, zero, (rank) => rank - 1)
    : undefined;
  if (other === undefined && !weights) return WEIGHTS;
  const input = [a, other ?? weights!.name];
  return put(node, twins, {
    ...{ opType: "MatMul", input, scaleAt: 6 },
    ...weights && { weights: weights.type },
  });
}

function matMulToFloat(node: NodeProto, twins: Twins): string | undefined {
  const [a = "", b = "", scale = "", bScale = "", zero = "", bZero, bias] = node.input;
  const x = twins.isReadAs(a, scale, zero)
    ? twins.of(a)!.float
    : twins.range(scale, zero) && twins.dequantized(a, scale, zero, node);
  if (x === undefined) return UNKNOWN;
  const weights = twins.weights(b, bScale, bZero, (rank) => rank - 1);
  if (!weights) return WEIGHTS;
  const product = { opType: "MatMul", input: [x, weights.name] };
  if (!bias) return put(node, twins, { ...product, weights: weights.type });
  const sums = twins.context.fresh(`${node.output[0]}_sums`);
  put({ ...node, output: [sums] }, twins, { ...product, weights: weights.type });
  const name = twins.context.fresh(`${node.name}_bias`);
  twins.write(makeNode("Add", [sums, bias], node.output, {}, { name }), node);
  return undefined;
}

function gemm(node: NodeProto, twins: Twins): string | undefined {
  const a = activation(node, 0, twins);
  if (a === undefined) return UNKNOWN;
  if (node.input[7] && !twins.range(node.input[7], node.input[8])) {
    return "its result has no single constant scale";
  }
  const [, , , b = "", scale = "", zero, c] = node.input;
  const axis = intAttribute(node, "transB", 0) === 1 ? 0 : 1;
  const weights = twins.weights(b, scale, zero, () => axis);
  if (!weights) return WEIGHTS;
  const alpha = floatAttribute(node, "alpha", 1);
  const bias = c ? biasOf(c, [node.input[1], scale], twins, alpha) : undefined;
  if (c && bias === undefined) return "its bias is no constant";
  const input = [a, weights.name, ...bias === undefined ? [] : [bias]];
  return put(withAttributes(node, { alpha: float(alpha) }), twins, {
    ...{ opType: "Gemm", input, weights: weights.type },
    ...node.input[7] && { scaleAt: 7 },
  });
}

function pairwise(node: NodeProto, twins: Twins, opType: string): string | undefined {
  const both = [0, 3].map((at) => activation(node, at, twins) ?? constantOperand(node, at, twins));
  if (both.some((one) => one === undefined)) return UNKNOWN;
  if (!twins.range(node.input[6], node.input[7])) return "its result has no single constant scale";
  return put(node, twins, { opType, input: both as string[], scaleAt: 6 });
}

function constantOperand(node: NodeProto, at: number, twins: Twins): string | undefined {
  const [stored = "", scale = "", zero] = node.input.slice(at, at + 3);
  return twins.weights(stored, scale, zero, () => 0)?.name;
}

function single(node: NodeProto, twins: Twins, opType: string): string | undefined {
  const x = activation(node, 0, twins);
  if (x === undefined) return UNKNOWN;
  if (!twins.range(node.input[3], node.input[4])) return "its result has no single constant scale";
  if (opType === "Softmax" && intAttribute(node, "opset", 13) < 13) {
    return "it is a Softmax over several axes at once";
  }
  return put(node, twins, { opType, input: [x], scaleAt: 3, without: ["opset"] });
}

function concat(node: NodeProto, twins: Twins): string | undefined {
  if (!twins.range(node.input[0], node.input[1])) return "its result has no single constant scale";
  const parts: string[] = [];
  for (let at = 2; at < node.input.length; at += 3) {
    const part = activation(node, at, twins) ?? constantOperand(node, at, twins);
    if (part === undefined) return UNKNOWN;
    parts.push(part);
  }
  return put(node, twins, { opType: "Concat", input: parts, scaleAt: 0 });
}

/** A pool with channels last; its result has the scale of what it reads. */
function maxPool(node: NodeProto, twins: Twins): string | undefined {
  const twin = twins.of(node.input[0]);
  if (!twin) return UNKNOWN;
  const { float: x, scale, zeroPoint } = twin;
  const input = [...node.input.slice(0, 1), scale, zeroPoint];
  const alike = { ...withAttributes(node, { channels_last: 1 }), input };
  return put(alike, twins, { opType: "MaxPool", input: [x], scaleAt: 1 });
}
