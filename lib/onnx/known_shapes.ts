import { UserError } from "../errors.ts";
import { isStandard } from "./node.ts";
import type { GraphProto, TensorProto, ValueInfoProto } from "./onnx_pb.ts";
import { type Call, type Dims, outputsOf } from "./shape_rules.ts";
import { dimsOf } from "./tensor_proto.ts";

/**
 * Shapes of the values of a graph, by name, as far as they follow from constants and operators, and from
 * what is known to begin with.
 *
 * @param constants Constants that the graph can read.
 * @param known Shapes to begin with. Operators overrule them where they say every length.
 */
export function knownShapes(
  graph: GraphProto,
  constants: ReadonlyMap<string, TensorProto>,
  known: ReadonlyMap<string, Dims>,
): Map<string, Dims> {
  const shapes = new Map(known);
  for (const [name, tensor] of constants) shapes.set(name, dimsOf(tensor));
  for (const node of graph.node) {
    // Attributes that a function takes from its call have no value here.
    if (!isStandard(node) || node.attribute.some(({ refAttrName }) => refAttrName)) continue;
    const call = {
      node,
      input: (index: number) => shapes.get(node.input[index] ?? ""),
      constant: (index: number) => constants.get(node.input[index] ?? ""),
    };
    shapesOrNothing(call).forEach((result, i) => {
      const name = node.output[i];
      if (name && result && (!shapes.has(name) || !result.some(Number.isNaN))) {
        shapes.set(name, result);
      }
    });
  }
  return shapes;
}

/** Nothing follows from a node that is not as the standard says; the runtime tells what is wrong with it. */
function shapesOrNothing(call: Call): (Dims | undefined)[] {
  try {
    return outputsOf(call).map((dims) => dims?.every(isLength) ? dims : undefined);
  } catch (error) {
    if (error instanceof RangeError || error instanceof UserError) return [];
    throw error;
  }
}

function isLength(length: number): boolean {
  return Number.isNaN(length) || Number.isSafeInteger(length) && length >= 0;
}

/** The shape that a file declares of a value, if any. */
export function declaredShape(info: ValueInfoProto): Dims | undefined {
  const kind = info.type?.value;
  if (kind?.case !== "tensorType") return undefined;
  return kind.value.shape?.dim.map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : NaN
  );
}
