import { producers } from "../onnx/graph.ts";
import { intAttribute, intsAttribute, isStandard, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import { bypass } from "./bypass.ts";
import { inferShapes } from "./infer_shapes.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { readSlice } from "./read_slice.ts";
import { removeDead } from "./remove_dead.ts";
import type { ShapeMap, ValueShape } from "../onnx/shape_map.ts";

/**
 * Removes what the known shapes show to be idle: a Reshape to the shape that a value has, a Slice of
 * all of it, and the first of two Reshapes. What only names the axes anew becomes a Reshape, which
 * copies nothing and meets others: Squeeze, Unsqueeze and Flatten, a Transpose that moves axes of
 * length 1 alone, a Gather of everything in order.
 */
export function dropIdleReshapes(
  graph: GraphProto,
  shapes: ShapeMap,
  context: PassContext = rootContext(graph),
): GraphProto {
  const constants = visibleConstants(graph, context);
  const known = inferShapes(graph, shapes, constants);
  const added: TensorProto[] = [];
  const makers = producers(graph);
  const node = graph.node.map((old) => {
    const reshape = asReshape(old, known, constants, (dims) => {
      const name = context.fresh(`${old.output[0]}_shape`);
      const data = BigInt64Array.from(dims, BigInt);
      const tensor = makeTensorProto(name, { type: "int64", dims: [dims.length], data });
      added.push(tensor);
      constants.set(name, tensor);
      return name;
    });
    const made = readSource(reshape, makers, constants);
    if (made === old) return old;
    context.origins.inherit(made, old);
    makers.set(made.output[0]!, made);
    return made;
  });
  const changed = node.some((made, i) => made !== graph.node[i]);
  const joined = changed
    ? { ...graph, node, initializer: [...graph.initializer, ...added] }
    : graph;
  const bypassed = bypass(joined, context, (node) => {
    const [x = "", shape = ""] = node.input;
    const slice = readSlice(node, known.stillOpen(x), constants);
    if (slice) {
      const all = slice.end - slice.begin === known.get(x)!.dims[slice.axis];
      return all && known.fix(x, [slice.axis]) ? x : undefined;
    }
    const dims = isReshape(node) ? readIntegers(constants.get(shape)) : undefined;
    return dims && keeps(known.stillOpen(x), dims) ? x : undefined;
  });
  return bypassed === graph ? graph : removeDead(bypassed);
}

function isReshape(node: NodeProto): boolean {
  return node.opType === "Reshape" && isStandard(node) && intAttribute(node, "allowzero", 0) === 0;
}

/** Whether a Reshape to `dims` leaves a value as it is, whatever the lengths of open dimensions. */
function keeps(x: ValueShape | undefined, dims: readonly number[]): boolean {
  return x !== undefined && x.dims.length === dims.length &&
    dims.every((n, axis) =>
      n === -1 || n === 0 || n === x.dims[axis] && x.depends[axis]!.length === 0
    );
}

/** A Reshape of what another Reshape reads, if it says the whole shape itself. */
function readSource(
  node: NodeProto,
  makers: ReadonlyMap<string, NodeProto>,
  constants: ReadonlyMap<string, TensorProto>,
): NodeProto {
  if (!isReshape(node)) return node;
  const first = makers.get(node.input[0]!);
  const dims = readIntegers(constants.get(node.input[1] ?? ""));
  if (!first || !isReshape(first) || !dims || dims.includes(0)) return node;
  return { ...node, input: [first.input[0]!, ...node.input.slice(1)] };
}

/** A node that keeps the values and their order, as the Reshape that it is. */
function asReshape(
  node: NodeProto,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
  shape: (dims: readonly number[]) => string,
): NodeProto {
  const x = shapes.stillOpen(node.input[0]);
  const y = x && isStandard(node) ? shapeInOrder(node, x, shapes, constants) : undefined;
  if (!y || y.depends.filter((names) => names.length > 0).length > 1) return node;
  const fixed = x!.depends.flatMap((names, axis) => names.length > 0 ? [] : [axis]);
  if (!shapes.fix(node.input[0], fixed)) return node;
  const dims = y.dims.map((n, axis) => y.depends[axis]!.length > 0 ? -1 : n);
  return makeNode("Reshape", [node.input[0]!, shape(dims)], node.output, {}, { name: node.name });
}

/** Shape of what a node gives, if that is all of `x` in the same order. */
function shapeInOrder(
  node: NodeProto,
  x: ValueShape,
  shapes: ShapeMap,
  constants: ReadonlyMap<string, TensorProto>,
): Pick<ValueShape, "dims" | "depends"> | undefined {
  switch (node.opType) {
    case "Transpose": {
      const perm = intsAttribute(node, "perm");
      const long = perm?.filter((axis) => x.dims[axis] !== 1 || x.depends[axis]!.length > 0);
      if (!perm || long!.some((axis, i) => i > 0 && axis < long![i - 1]!)) return undefined;
      return { dims: perm.map((i) => x.dims[i]!), depends: perm.map((i) => x.depends[i]!) };
    }
    case "Squeeze":
    case "Unsqueeze":
    case "Flatten":
      return shapes.stillOpen(node.output[0]);
    case "Gather": {
      const along = intAttribute(node, "axis", 0);
      const axis = along < 0 ? along + x.dims.length : along;
      const indices = readIntegers(constants.get(node.input[1] ?? ""));
      const length = x.dims[axis]!;
      const all = x.depends[axis]!.length === 0 && indices?.length === length &&
        indices.every((at, i) => (at < 0 ? at + length : at) === i);
      return all ? shapes.stillOpen(node.output[0]) : undefined;
    }
  }
  return undefined;
}
