import { lookUp } from "../look_up.ts";
import { constants, valueTypes } from "../onnx/graph.ts";
import { intAttribute } from "../onnx/node.ts";
import { elementType } from "../onnx/tensor_proto.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { isFloat } from "./classes.ts";

/** Operators that give what int8 may change, whatever they read: products and noise. */
const MAKES_FLOATS =
  /^(Conv|ConvTranspose|MatMul|Gemm|Einsum|GRU|LSTM|RNN|Random.*|Multinomial|Bernoulli)$/;

/** Operators whose result is as long as their values say. */
const BY_VALUES: ReadonlySet<string> = new Set([
  "Compress",
  "NonMaxSuppression",
  "NonZero",
  "Unique",
]);

/** Operators that read lengths from inputs: which of them. */
const LENGTHS: Readonly<Record<string, readonly number[]>> = {
  CenterCropPad: [1],
  ConstantOfShape: [0],
  Expand: [1],
  Loop: [0, 1],
  OneHot: [1],
  Pad: [1],
  Range: [0, 1, 2],
  Reshape: [1],
  Resize: [2, 3],
  Slice: [1, 2],
  Split: [1],
  Tile: [1],
  TopK: [1],
  Upsample: [1],
};

/** Operators that give the shape of what they read, whatever its values. */
const SHAPES: ReadonlySet<string> = new Set(["Shape", "Size"]);

/**
 * Values whose length depends on the data, not on the shapes of the inputs alone: what NonZero or
 * NonMaxSuppression leave, a wave of as many frames as predicted durations ask for. Outputs among them may
 * differ in length between a network and its int8 form. What follows from integer inputs alone does not: it
 * is the same in both. Nodes with bodies are looked at from outside.
 */
export function dataLengths(graph: GraphProto): Set<string> {
  // Whose values, and whose lengths, int8 may change.
  const values = new Set(
    valueTypes(graph).inputs.filter(({ type }) => isFloat(type)).map((i) => i.name),
  );
  const lengths = new Set<string>();
  const tables = new Set(
    [...constants(graph)].filter(([, { dataType, dims }]) => isTable(dataType, dims.length))
      .map(([name]) => name),
  );
  for (const node of graph.node) { // in topological order
    const { opType, input, output } = node;
    const varies = (from: ReadonlySet<string>) => input.some((name) => from.has(name));
    const isLong = BY_VALUES.has(opType) && varies(values) ||
      told(node).some((name) => values.has(name)) ||
      !SHAPES.has(opType) && carried(node).some((name) => lengths.has(name));
    const isValue = SHAPES.has(opType)
      ? varies(lengths)
      : varies(values) || varies(lengths) || MAKES_FLOATS.test(opType) ||
        opType === "Gather" && tables.has(input[0]!);
    for (const name of output) {
      if (isLong) lengths.add(name);
      if (isValue) values.add(name);
    }
  }
  return lengths;
}

/** Inputs that say how long a node's result is. */
function told({ opType, input }: NodeProto): string[] {
  return (lookUp(LENGTHS, opType) ?? []).flatMap((i) => input[i] || []);
}

/** Inputs whose length goes on into the result: that of the axis which Gather looks up in does not. */
function carried(node: NodeProto): string[] {
  const { opType, input } = node;
  if (opType === "Reshape") return [];
  const isLookUp = opType === "Gather" && intAttribute(node, "axis", 0) === 0 ||
    opType === "GatherND";
  return isLookUp ? input.slice(1, 2) : [...input];
}

/** Whether a constant is a table of embeddings, which int8 rounds. */
function isTable(dataType: number, rank: number): boolean {
  const type = elementType(dataType);
  return type !== undefined && isFloat(type) && rank >= 2;
}
