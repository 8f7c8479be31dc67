import { intAttribute, isStandard, tensorAttribute } from "../onnx/node.ts";
import { lookUp } from "../look_up.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";

const made = (type: DataType, operators: string) =>
  operators.split(" ").map((opType) => [opType, type] as const);

/** What some operators make, whatever they read; all outputs of them. */
const MADE: ReadonlyMap<string, DataType> = new Map([
  ...made(DataType.INT64, "ArgMax ArgMin NonMaxSuppression NonZero Shape Size"),
  ...made(DataType.INT32, "ConvInteger MatMulInteger"),
  ...made(
    DataType.BOOL,
    "And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Xor",
  ),
]);

/** Operators whose first output has the type of another input than the first. */
const TYPED_BY: Readonly<Record<string, number>> = {
  CastLike: 1,
  DequantizeLinear: 1,
  OneHot: 2,
  QLinearConv: 7,
  QLinearMatMul: 7,
  QuantizeLinear: 2,
  Where: 1,
};

/** Operators of one type whose further outputs are indices or counts. */
const WITH_INDICES: ReadonlySet<string> = new Set(["MaxPool", "TopK", "Unique", "Dropout"]);

/** Operators that say nothing here of what they make: bodies, sequences, texts. */
const UNTOLD: ReadonlySet<string> = new Set(
  ("If Loop Scan Constant Bernoulli BitCast EyeLike LabelEncoder MelWeightMatrix Multinomial " +
    "RandomNormal RandomNormalLike RandomUniform RandomUniformLike BlackmanWindow HammingWindow " +
    "HannWindow ConcatFromSequence SequenceAt SequenceConstruct SequenceEmpty SequenceErase " +
    "SequenceInsert SequenceLength SequenceMap SplitToSequence Optional OptionalGetElement " +
    "OptionalHasElement StringConcat StringNormalizer StringSplit RegexFullMatch TfIdfVectorizer " +
    "DynamicQuantizeLinear")
    .split(" "),
);

/**
 * Element types of a graph's values, as ONNX's numbers: as the file states them, of constants, and of what
 * operators make of values whose types are known.
 *
 * @param graph In order.
 */
export function elementTypes(
  graph: GraphProto,
  constants: ReadonlyMap<string, TensorProto>,
): Map<string, number> {
  const types = new Map<string, number>();
  for (const { name, type } of [...graph.valueInfo, ...graph.input]) {
    if (type?.value.case === "tensorType") types.set(name, type.value.value.elemType);
  }
  for (const [name, { dataType }] of constants) types.set(name, dataType);
  for (const node of graph.node) {
    const type = typeMade(node, types);
    if (type === undefined) continue;
    const alike = WITH_INDICES.has(node.opType) ? node.output.slice(0, 1) : node.output;
    for (const name of alike) if (name !== "") types.set(name, type);
  }
  return types;
}

function typeMade(node: NodeProto, types: ReadonlyMap<string, number>): number | undefined {
  const { opType, input } = node;
  // onnxruntime's own kernels of this name give what they read.
  if (!isStandard(node)) {
    return opType.startsWith("QLinear") ? types.get(input[0] ?? "") : undefined;
  }
  if (opType === "Cast") return intAttribute(node, "to");
  if (opType === "ConstantOfShape") {
    return tensorAttribute(node, "value")?.dataType ?? DataType.FLOAT;
  }
  const always = MADE.get(opType);
  if (always !== undefined) return always;
  const told = types.get(input[lookUp(TYPED_BY, opType) ?? 0] ?? "");
  // Without a zero point it is uint8, but for a type that newer opsets let it name.
  if (opType === "QuantizeLinear") {
    return told ?? (intAttribute(node, "output_dtype", 0) || DataType.UINT8);
  }
  return UNTOLD.has(opType) ? undefined : told;
}
