import { constants } from "../onnx/graph.ts";
import { intAttribute, isStandard, tensorAttribute } from "../onnx/node.ts";
import { type GraphProto, type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";

const FLOATS: ReadonlySet<number> = new Set([
  TensorProto_DataType.FLOAT,
  TensorProto_DataType.FLOAT16,
  TensorProto_DataType.BFLOAT16,
  TensorProto_DataType.DOUBLE,
]);

/** Operators whose result is of integers or truth values, whatever they read. */
const TO_INTEGERS: ReadonlySet<string> = new Set([
  "And",
  "ArgMax",
  "ArgMin",
  "ConvInteger",
  "Equal",
  "Greater",
  "GreaterOrEqual",
  "IsInf",
  "IsNaN",
  "Less",
  "LessOrEqual",
  "MatMulInteger",
  "NonZero",
  "Not",
  "Or",
  "QLinearConv",
  "QLinearMatMul",
  "QuantizeLinear",
  "Shape",
  "Size",
  "Xor",
]);

/**
 * The tensors of a graph that are known to hold integers or truth values: the arithmetic on shapes
 * that exporters write, where there is nothing to quantize.
 */
export function integerTensors(graph: GraphProto): Set<string> {
  const integers = new Set<string>();
  for (const [name, { dataType }] of constants(graph)) {
    if (!FLOATS.has(dataType)) integers.add(name);
  }
  for (const { name, type } of graph.input) {
    if (type?.value.case === "tensorType" && !FLOATS.has(type.value.value.elemType)) {
      integers.add(name);
    }
  }
  for (const node of graph.node) {
    if (givesIntegers(node, integers)) { for (const name of node.output) integers.add(name); }
  }
  return integers;
}

function givesIntegers(node: NodeProto, integers: ReadonlySet<string>): boolean {
  if (!isStandard(node)) return node.opType.startsWith("QLinear");
  if (TO_INTEGERS.has(node.opType)) return true;
  if (node.opType === "Cast") return !FLOATS.has(intAttribute(node, "to", 0));
  if (node.opType === "ConstantOfShape") {
    const value = tensorAttribute(node, "value");
    return value !== undefined && !FLOATS.has(value.dataType);
  }
  // A table of floats that integers index gives floats; so does an operator that reads any.
  const read = node.input.filter((name) => name !== "");
  return read.length > 0 && node.attribute.every(({ g, graphs }) => !g && graphs.length === 0) &&
    read.every((name) => integers.has(name)) && !MAKES_FLOATS.has(node.opType);
}

/** Operators that read only integers and give floats. */
const MAKES_FLOATS: ReadonlySet<string> = new Set([
  "DequantizeLinear",
  "EyeLike",
  "Multinomial",
  "OptionalGetElement",
  "RandomNormal",
  "RandomNormalLike",
  "RandomUniform",
  "RandomUniformLike",
]);

/** Whether a node computes on integers alone. */
export function worksOnIntegers(node: NodeProto, integers: ReadonlySet<string>): boolean {
  return node.output.some((name) => name !== "" && integers.has(name));
}
