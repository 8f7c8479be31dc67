import { producers } from "../onnx/graph.ts";
import { intAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import { inferShapes } from "./infer_shapes.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { readSlice } from "./read_slice.ts";
import { type NodeWriter, replaceNodes } from "./replacement.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";

/**
 * Lets a Slice or Gather of what a Concat joined, or another Slice cut, read from there: what is taken
 * out again need not be put in first. A Slice becomes the part, a piece of it, or the Concat of some
 * parts; a Gather of one index reads the part that it falls into.
 *
 * A Slice that would need pieces of several parts stays: it would take more nodes than before.
 */
export function readParts(
  graph: GraphProto,
  shapes: ShapeMap,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "Slice" || opType === "Gather")) return graph;
  const constants = visibleConstants(graph, context);
  const known = inferShapes(graph, shapes, constants);
  const makers = producers(graph);
  return replaceNodes(graph, context, (node, write) => {
    const maker = makers.get(node.input[0] ?? "");
    const taken = maker && (readSlice(node, known.stillOpen(node.input[0]), constants) ??
      readOne(node, known, constants));
    if (!taken) return undefined;
    const pieces = piecesOf(maker, known, constants, taken.axis)
      ?.filter(({ begin, end }) => begin < taken.end && taken.begin < end);
    if (!pieces || pieces.length === 0) return undefined;
    if (!known.fix(node.input[0], [taken.axis])) return undefined;
    if (node.opType === "Gather") {
      const { name, begin, from } = pieces[0]!;
      return write.add(
        "Gather",
        [name, index(write, node, taken.begin - begin + from, constants)],
        {
          axis: taken.axis,
        },
      );
    }
    const isWhole = pieces.every(({ begin, end, whole }) =>
      whole && taken.begin <= begin && end <= taken.end
    );
    if (isWhole && pieces.length > 1) {
      return write.add("Concat", pieces.map(({ name }) => name), { axis: taken.axis });
    }
    const [piece] = pieces;
    if (pieces.length > 1) return undefined;
    if (isWhole) return write.add("Identity", [piece!.name]);
    const at = (place: number) => write.int64([place - piece!.begin + piece!.from]);
    return write.add("Slice", [
      piece!.name,
      at(taken.begin),
      at(taken.end),
      write.int64([taken.axis]),
    ]);
  });
}

/** A stretch of a value, and where it comes from. */
interface Piece {
  /** The value that it is a stretch of. */
  readonly name: string;
  /** Where it begins there. */
  readonly from: number;
  /** Where it lies in the value that holds it. */
  readonly begin: number;
  readonly end: number;
  /** Whether it is all of the value. */
  readonly whole: boolean;
}

/** Along an axis, what a node joins or cuts; undefined if it does neither. */
function piecesOf(
  node: NodeProto,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
  axis: number,
): Piece[] | undefined {
  const slice = readSlice(node, shapes.stillOpen(node.input[0]), constants);
  if (slice) {
    const length = slice.end - slice.begin;
    const piece = { name: node.input[0]!, from: slice.begin, begin: 0, end: length, whole: false };
    return slice.axis === axis ? [piece] : undefined;
  }
  if (node.opType !== "Concat" || !isStandard(node)) return undefined;
  const rank = shapes.get(node.output[0])?.dims.length ?? 0;
  const along = intAttribute(node, "axis", 0);
  if ((along < 0 ? along + rank : along) !== axis) return undefined;
  const pieces: Piece[] = [];
  let begin = 0;
  for (const name of node.input) {
    const part = shapes.stillOpen(name);
    if (!part || part.depends[axis]!.length > 0) return undefined;
    const end = begin + part.dims[axis]!;
    pieces.push({ name, from: 0, begin, end, whole: true });
    begin = end;
  }
  return pieces;
}

/** What a Gather of one constant index takes. */
function readOne(
  node: NodeProto,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
): { axis: number; begin: number; end: number } | undefined {
  if (node.opType !== "Gather" || !isStandard(node)) return undefined;
  const [x, indices = ""] = node.input;
  const shape = shapes.stillOpen(x);
  const places = readIntegers(constants.get(indices));
  if (!shape || places?.length !== 1) return undefined;
  const along = intAttribute(node, "axis", 0);
  const axis = along < 0 ? along + shape.dims.length : along;
  if (shape.depends[axis]!.length > 0) return undefined;
  const begin = places[0]! < 0 ? places[0]! + shape.dims[axis]! : places[0]!;
  return { axis, begin, end: begin + 1 };
}

/** An index in the shape of the one that a Gather has. */
function index(
  write: NodeWriter,
  { input: [, indices = ""] }: NodeProto,
  place: number,
  constants: ReadonlyMap<string, TensorProto>,
): string {
  const dims = dimsOf(constants.get(indices)!);
  return write.constant("index", { type: "int64", dims, data: BigInt64Array.of(BigInt(place)) });
}
