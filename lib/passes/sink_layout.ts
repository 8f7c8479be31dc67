import { consumers, pinned, producers } from "../onnx/graph.ts";
import { intAttribute, intsAttribute, isStandard, makeNode, withAttributes } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { evaluate } from "./evaluate/evaluate.ts";
import { ELEMENTWISE, inferShapes, readIntegers } from "./infer_shapes.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import type { ShapeMap, ValueShape } from "./shapes.ts";
import { isIdle, windowOf } from "./window.ts";

/**
 * Moves Transposes and Reshapes down, past operators that do not mind the order of the values: an
 * elementwise operator whose operands were all moved alike, a Concat, a pool over axes that stay where
 * they are. There they meet the opposite moves of other layers, or others of their kind, and
 * {@linkcode dropNoOps} and {@linkcode dropIdleReshapes} remove both. A Relu also moves up past the
 * Concat that joins the products of a convolution, so that it runs inside of each.
 *
 * The number of Transposes never grows.
 */
export function sinkLayout(
  graph: GraphProto,
  shapes: ShapeMap,
  context: PassContext = rootContext(graph),
): GraphProto {
  const constants = visibleConstants(graph, context);
  const known = inferShapes(graph, shapes, constants);
  const makers = producers(graph);
  const readers = consumers(graph);
  const kept = pinned(graph);
  const added: TensorProto[] = [];
  const fact: Facts = {
    constants,
    maker: (name) => makers.get(name),
    shape: (name) => known.get(name),
    readers: (name) => readers.get(name) ?? [],
    isSole: (name) => !kept.has(name) && readers.get(name)?.length === 1,
    fresh: context.fresh,
    addConstant(tensor) {
      added.push(tensor);
      return tensor.name;
    },
  };
  // One step at a time: a node that was moved past is no longer what others know it as.
  const touched = new Set<NodeProto>();
  const replaced = new Map<NodeProto, readonly NodeProto[]>();
  for (const node of graph.node) {
    const moves = node.input.map((name) => makers.get(name));
    if (moves.some((move) => move && touched.has(move))) continue;
    const nodes = sink(node, fact);
    if (!nodes) continue;
    replaced.set(node, nodes);
    touched.add(node);
    for (const move of moves) if (move) touched.add(move);
    for (const made of nodes) context.origins.inherit(made, node);
  }
  if (replaced.size === 0) return graph;
  const node = graph.node.flatMap((old) => replaced.get(old) ?? [old]);
  return { ...graph, node, initializer: [...graph.initializer, ...added] };
}

interface Facts {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly maker: (name: string) => NodeProto | undefined;
  readonly shape: (name: string) => ValueShape | undefined;
  readonly readers: (name: string) => readonly NodeProto[];
  /** Whether one node alone reads a value. */
  readonly isSole: (name: string) => boolean;
  readonly fresh: (base: string) => string;
  readonly addConstant: (tensor: TensorProto) => string;
}

/** What takes the place of a node, so that what moved its operands comes after it. */
function sink(node: NodeProto, facts: Facts): NodeProto[] | undefined {
  if (!isStandard(node) || node.output.length !== 1) return undefined;
  if (ELEMENTWISE.has(node.opType)) {
    return sinkTransposes(node, facts) ?? sinkReshapes(node, facts) ?? sinkJoin(node, facts);
  }
  if (node.opType === "Concat") return sinkTransposes(node, facts);
  if (node.opType === "MaxPool" || node.opType === "AveragePool") return sinkPast(node, facts);
  return undefined;
}

/** Operands that are computed; the bounds of a Clip are not. */
function operandsOf(node: NodeProto): readonly string[] {
  return node.opType === "Clip" ? node.input.slice(0, 1) : node.input;
}

/** The node on other operands, followed by what moves its result to where it was. */
function moved(
  node: NodeProto,
  operands: readonly string[],
  move: NodeProto,
  facts: Facts,
): NodeProto[] {
  const [y = ""] = node.output;
  const inner = facts.fresh(`${y.replace(/_unmoved(_\d+)?$/, "")}_unmoved`);
  const input = [...operands, ...node.input.slice(operands.length)];
  const [, ...rest] = move.input;
  return [
    { ...node, input, output: [inner] },
    {
      ...move,
      name: move.name && facts.fresh(move.name),
      input: [inner, ...rest],
      output: node.output,
    },
  ];
}

function sinkTransposes(node: NodeProto, facts: Facts): NodeProto[] | undefined {
  const operands = operandsOf(node);
  const transposes = operands.map((name) => transposeOf(name, facts));
  const [first] = transposes.filter((one) => one !== undefined);
  const perm = first && intsAttribute(first, "perm");
  if (!first || !perm) return undefined;
  // One of them at least goes; the new one takes its place.
  const goes = transposes.some((one, i) => one && facts.isSole(operands[i]!));
  if (!goes) return undefined;
  const sources: string[] = [];
  const again: NodeProto[] = [];
  for (const [i, transpose] of transposes.entries()) {
    if (transpose && intsAttribute(transpose, "perm")?.join() === perm.join()) {
      sources.push(transpose.input[0]!);
      continue;
    }
    const constant = transposedConstant(operands[i]!, perm, facts);
    const back = constant === undefined ? transposedBack(operands[i]!, perm, facts) : undefined;
    if (back) again.push(back);
    const source = constant ?? back?.output[0];
    if (source === undefined) return undefined;
    sources.push(source);
  }
  const [plain, transpose] = moved(node, sources, first, facts) as [NodeProto, NodeProto];
  if (node.opType !== "Concat") return [...again, plain, transpose];
  const axis = intAttribute(node, "axis", 0);
  const at = perm[axis < 0 ? axis + perm.length : axis]!;
  return [...again, withAttributes(plain, { axis: at }), transpose];
}

/**
 * A Transpose that takes a value to where it would be after going back along `perm`, if there is one
 * already that another node reads: the same once more, for {@linkcode mergeNodes} to make one of both.
 */
function transposedBack(
  name: string,
  perm: readonly number[],
  { readers, fresh }: Facts,
): NodeProto | undefined {
  const back = perm.map((_, axis) => perm.indexOf(axis)).join();
  const known = readers(name).find((reader) =>
    reader.opType === "Transpose" && isStandard(reader) &&
    intsAttribute(reader, "perm")?.join() === back
  );
  return known && {
    ...known,
    name: known.name && fresh(known.name),
    output: [fresh(known.output[0]!)],
  };
}

function transposeOf(name: string, facts: Facts): NodeProto | undefined {
  const maker = facts.maker(name);
  return maker?.opType === "Transpose" && isStandard(maker) ? maker : undefined;
}

/** Largest constant that is stored once more with its axes in another order. */
const MOST_ELEMENTS = 1 << 14;

/** A constant that gives, when transposed, what the given one is; itself if it is one number. */
function transposedConstant(
  name: string,
  perm: readonly number[],
  { constants, fresh, addConstant }: Facts,
): string | undefined {
  const stored = constants.get(name);
  if (!stored || stored.dims.length > perm.length) return undefined;
  const count = elementCount(stored.dims.map(Number));
  if (count === 1) return name;
  if (count > MOST_ELEMENTS) return undefined;
  const tensor = readTensorProto(stored);
  const dims = [...perm.slice(tensor.dims.length).map(() => 1), ...tensor.dims];
  const back = makeNode("Transpose", [""], [""], {
    perm: perm.map((_, axis) => perm.indexOf(axis)),
  });
  const [result] = evaluate(back, [{ ...tensor, dims }], Infinity) ?? [];
  return result && addConstant(makeTensorProto(fresh(name), result));
}

function sinkReshapes(node: NodeProto, facts: Facts): NodeProto[] | undefined {
  const operands = operandsOf(node);
  const reshapes = operands.map((name) => facts.maker(name));
  const [reshape] = reshapes.filter((one) => one?.opType === "Reshape" && isStandard(one));
  const shape = reshape && readIntegers(facts.constants.get(reshape.input[1] ?? ""));
  if (!reshape || !shape || shape.includes(0)) return undefined;
  const source = facts.shape(reshape.input[0]!);
  const target = facts.shape(reshape.output[0]!);
  const sources: string[] = [];
  for (const [i, maker] of reshapes.entries()) {
    if (maker === reshape) sources.push(reshape.input[0]!);
    else if (isSingle(operands[i]!, facts) && target) {
      // More dimensions than the source has would widen it.
      if ((source?.dims.length ?? 0) < facts.shape(operands[i]!)!.dims.length) return undefined;
      sources.push(operands[i]!);
    } else if (maker?.opType === "Reshape" && isStandard(maker)) {
      const other = facts.shape(maker.input[0]!);
      const result = facts.shape(operands[i]!);
      if (!alike(source, other) || !alike(target, result)) return undefined;
      sources.push(maker.input[0]!);
    } else return undefined;
  }
  const goes = reshapes.some((one, i) => one?.opType === "Reshape" && facts.isSole(operands[i]!));
  return goes ? moved(node, sources, reshape, facts) : undefined;
}

function isSingle(name: string, { constants }: Facts): boolean {
  const stored = constants.get(name);
  return stored !== undefined && elementCount(stored.dims.map(Number)) === 1;
}

/** Whether two values have one shape, whatever the lengths of open dimensions. */
function alike(a: ValueShape | undefined, b: ValueShape | undefined): boolean {
  return a !== undefined && b !== undefined && JSON.stringify([a.dims, a.depends]) ===
      JSON.stringify([b.dims, b.depends]);
}

/** Cheap operators of one operand that the runtime joins with a Gemm before them. */
const JOINED = ["Relu", "Clip", "LeakyRelu"];

/**
 * Moves a Relu up past what puts the products of a convolution together: their Concat, and the Gather
 * that sorts its parts.
 */
function sinkJoin(node: NodeProto, facts: Facts): NodeProto[] | undefined {
  const [x = ""] = node.input;
  const maker = facts.maker(x);
  if (!JOINED.includes(node.opType) || !maker || !isStandard(maker) || !facts.isSole(x)) {
    return undefined;
  }
  if (maker.opType === "Gather") {
    return isSorting(maker, facts) ? past(node, maker, facts) : undefined;
  }
  if (maker.opType !== "Concat" || !maker.input.every((name) => isProduct(name, facts))) {
    return undefined;
  }
  const parts = maker.input.map(() => facts.fresh(`${node.output[0]}_part`));
  return [
    ...parts.map((part, i): NodeProto => ({
      ...node,
      name: node.name && facts.fresh(node.name),
      input: [maker.input[i]!, ...node.input.slice(1)],
      output: [part],
    })),
    { ...maker, name: maker.name && facts.fresh(maker.name), input: parts, output: node.output },
  ];
}

function past(node: NodeProto, move: NodeProto, facts: Facts): NodeProto[] {
  return moved(node, move.input.slice(0, 1), move, facts);
}

/** Whether a Gather only puts what it reads into another order, and reads the parts of a Concat. */
function isSorting(gather: NodeProto, facts: Facts): boolean {
  const [x = "", indices = ""] = gather.input;
  const order = readIntegers(facts.constants.get(indices));
  const length = facts.shape(x)?.dims.at(intAttribute(gather, "axis", 0));
  const every = order && length === order.length && new Set(order).size === length;
  return every === true && sourceOf(x, facts)?.opType === "Concat" && facts.isSole(x);
}

function isProduct(name: string, facts: Facts): boolean {
  return facts.isSole(name) && sourceOf(name, facts)?.opType === "Gemm";
}

/** What makes a value, whatever reshaped it. */
function sourceOf(name: string, facts: Facts): NodeProto | undefined {
  const maker = facts.maker(name);
  return maker?.opType === "Reshape" ? sourceOf(maker.input[0]!, facts) : maker;
}

/** Moves a Transpose past a pool that has a window only along axes that it leaves in place. */
function sinkPast(node: NodeProto, facts: Facts): NodeProto[] | undefined {
  const [x = ""] = node.input;
  const transpose = transposeOf(x, facts);
  const perm = transpose && intsAttribute(transpose, "perm");
  const lengths = facts.shape(x)?.dims.slice(2);
  const window = lengths && windowOf(node, lengths);
  if (!transpose || !perm || !window || !facts.isSole(x)) return undefined;
  const stays = perm.every((from, axis) => from === axis || axis < 2 || isIdle(window, axis - 2));
  // An axis with a window must not come from, or go to, the batch or the channels.
  return stays ? past(node, transpose, facts) : undefined;
}
