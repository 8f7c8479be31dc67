import { create } from "@bufbuild/protobuf";
import { constants, mapSubgraphs, subgraphs } from "./graph.ts";
import { declaredShape, knownShapes } from "./known_shapes.ts";
import {
  type GraphProto,
  type TensorProto,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema as DimensionSchema,
  type TypeProto_Tensor,
  type ValueInfoProto,
} from "./onnx_pb.ts";
import type { Dims } from "./shape_rules.ts";
import { mapTensorTypes } from "./value_infos.ts";

/** A value whose declared shape is not the one that follows from the inputs and the weights. */
interface Contradiction {
  readonly name: string;
  readonly declared: Dims;
  readonly follows: Dims;
}

/** What is known around a graph. */
interface Outer {
  readonly shapes: ReadonlyMap<string, Dims>;
  readonly constants: ReadonlyMap<string, TensorProto>;
}

/** Most lengths of a shape to print. */
const MOST_SHOWN = 8;

const NOTHING: Outer = { shapes: new Map(), constants: new Map() };

/**
 * Drops declared shapes where one contradicts what follows from the inputs and the weights, as pruning
 * and editing leave them behind: then none can be relied on. Inside, types stay without a shape; of
 * outputs, those lengths stay that follow. onnxruntime-web refuses such a file, others warn.
 *
 * @returns The graph, and one line that names the first contradiction; the same graph if there is none.
 */
export function dropStaleShapes(graph: GraphProto): { graph: GraphProto; note?: string } {
  const found = firstContradiction(graph, NOTHING);
  if (!found) return { graph };
  const { name, declared, follows } = found;
  return {
    graph: withoutHints(graph, NOTHING),
    note:
      `left out the shapes that the file declares of values inside, and corrected those of its ` +
      `outputs: "${name}" is declared ${written(declared)}, but its weights make it ${
        written(follows)
      }`,
  };
}

function firstContradiction(graph: GraphProto, outer: Outer): Contradiction | undefined {
  const known = around(graph, outer);
  for (const info of [...graph.valueInfo, ...graph.output]) {
    const declared = declaredShape(info);
    const follows = known.shapes.get(info.name);
    if (!declared || !follows || agree(declared, follows)) continue;
    return { name: info.name, declared, follows };
  }
  for (const node of graph.node) {
    for (const body of subgraphs(node)) {
      const inside = firstContradiction(body, known);
      if (inside) return inside;
    }
  }
  return undefined;
}

/** What the graph itself knows, without what it declares of other values than its inputs. */
function around(graph: GraphProto, outer: Outer): Outer {
  const shapes = new Map(outer.shapes);
  const visible = new Map(outer.constants);
  for (const { name } of graph.input) visible.delete(name);
  for (const info of graph.input) {
    const declared = declaredShape(info);
    // Some exporters write 0 for a length that they do not know.
    if (declared) shapes.set(info.name, declared.map((length) => length > 0 ? length : NaN));
    else shapes.delete(info.name);
  }
  for (const { output } of graph.node) {
    for (const name of output) {
      shapes.delete(name);
      visible.delete(name);
    }
  }
  for (const [name, tensor] of constants(graph)) visible.set(name, tensor);
  return { shapes: knownShapes(graph, visible, shapes), constants: visible };
}

function agree(declared: Dims, follows: Dims): boolean {
  return declared.length === follows.length &&
    declared.every((length, i) =>
      Number.isNaN(length) || Number.isNaN(follows[i]) || length === follows[i]
    );
}

function withoutHints(graph: GraphProto, outer: Outer): GraphProto {
  const known = around(graph, outer);
  return {
    ...graph,
    valueInfo: graph.valueInfo.map((info) => mapTensorTypes(info, withoutShape)),
    output: graph.output.map((info) => corrected(info, known.shapes.get(info.name))),
    node: graph.node.map((node) => mapSubgraphs(node, (body) => withoutHints(body, known))),
  };
}

function withoutShape(type: TypeProto_Tensor): TypeProto_Tensor {
  return { ...type, shape: undefined };
}

/** The declaration of an output with the lengths that follow, and free ones where none does. */
function corrected(info: ValueInfoProto, follows: Dims | undefined): ValueInfoProto {
  if (!follows) return mapTensorTypes(info, withoutShape);
  return mapTensorTypes(info, (type) => {
    if (!type.shape) return type;
    const before = type.shape.dim;
    const dim = follows.map((length, i): TensorShapeProto_Dimension => {
      const old = before.length === follows.length && before[i] || create(DimensionSchema);
      if (!Number.isNaN(length)) {
        return { ...old, value: { case: "dimValue" as const, value: BigInt(length) } };
      }
      return old.value.case === "dimParam" ? old : { ...old, value: { case: undefined } };
    });
    return { ...type, shape: { ...type.shape, dim } };
  });
}

/** `[1, ?, 16]`. */
function written(dims: Dims): string {
  const lengths = dims.slice(0, MOST_SHOWN).map((length) => Number.isNaN(length) ? "?" : length);
  return `[${[...lengths, ...dims.length > MOST_SHOWN ? ["…"] : []].join(", ")}]`;
}
