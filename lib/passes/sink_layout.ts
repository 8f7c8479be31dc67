import { consumers, namesRead, pinned, producers } from "../onnx/graph.ts";
import { intAttribute, intsAttribute, isStandard, makeNode, withAttributes } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { evaluateNode } from "./evaluate/evaluate_node.ts";
import { ELEMENTWISE, inferShapes } from "./infer_shapes.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { removeDead } from "./remove_dead.ts";
import type { ShapeMap, ValueShape } from "../onnx/shape_map.ts";
import { isIdle, windowOf } from "../onnx/pool_window.ts";

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
  const facts = new Facts(graph, constants, inferShapes(graph, shapes, constants), context.fresh);
  const sinkAll = (old: NodeProto): NodeProto[] => {
    const nodes = sink(old, facts);
    if (!nodes) return [old];
    for (const made of nodes) context.origins.inherit(made, old);
    facts.replace(old, nodes);
    return nodes.flatMap(sinkAll); // behind one move there may be another
  };
  const node = graph.node.flatMap(sinkAll);
  if (node.every((made, i) => made === graph.node[i])) return graph;
  return removeDead({ ...graph, node, initializer: [...graph.initializer, ...facts.added] });
}

/** What is known of the graph, kept up while nodes are replaced, so that a move goes all the way. */
class Facts {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly fresh: (base: string) => string;
  /** Constants to add to the graph. */
  readonly added: TensorProto[] = [];
  readonly #shapes: ShapeMap;
  readonly #makers: Map<string, NodeProto>;
  readonly #readers: Map<string, NodeProto[]>;
  readonly #kept: ReadonlySet<string>;
  /** Shapes of values that were made on the way. */
  readonly #made = new Map<string, ValueShape>();

  constructor(
    graph: GraphProto,
    constants: ReadonlyMap<string, TensorProto>,
    shapes: ShapeMap,
    fresh: (base: string) => string,
  ) {
    this.constants = constants;
    this.fresh = fresh;
    this.#shapes = shapes;
    this.#makers = producers(graph);
    this.#readers = consumers(graph);
    this.#kept = pinned(graph);
  }

  maker(name: string): NodeProto | undefined {
    return this.#makers.get(name);
  }

  readers(name: string): readonly NodeProto[] {
    return this.#readers.get(name) ?? [];
  }

  /** Whether a value is read by another node than this one, or has to stay. */
  isReadBeside(name: string, node: NodeProto): boolean {
    return this.#kept.has(name) || this.readers(name).some((reader) => reader !== node);
  }

  /** Whether one node alone reads a value. */
  isSole(name: string): boolean {
    return !this.#kept.has(name) && this.readers(name).length === 1;
  }

  shape(name: string | undefined): ValueShape | undefined {
    return this.#made.get(name ?? "") ?? this.#shapes.get(name);
  }

  setShape(name: string, shape: ValueShape | undefined): void {
    if (shape) this.#made.set(name, shape);
  }

  replace(old: NodeProto, nodes: readonly NodeProto[]): void {
    for (const name of namesRead(old)) {
      this.#readers.set(name, this.readers(name).filter((reader) => reader !== old));
    }
    for (const node of nodes) {
      for (const name of node.output) this.#makers.set(name, node);
      for (const name of namesRead(node)) this.#readers.set(name, [...this.readers(name), node]);
    }
  }
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

/**
 * The node on other operands, followed by what moves its result to where it was.
 *
 * @param shape Shape of the result before the move.
 */
function moved(
  node: NodeProto,
  operands: readonly string[],
  move: NodeProto,
  shape: ValueShape | undefined,
  facts: Facts,
): NodeProto[] {
  const inner = facts.fresh(`${shortName(node)}_unmoved`);
  facts.setShape(inner, shape);
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

/** The end of the name of a node's result, for names derived from it: files repeat those often. */
function shortName({ output: [y = ""] }: NodeProto): string {
  return y.replace(/_(unmoved|part)(_\d+)?$/, "").split("/").slice(-2).join("/");
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
    const back = constant === undefined
      ? transposedBack(operands[i]!, perm, node, facts)
      : undefined;
    if (back) again.push(back);
    const source = constant ?? back?.output[0];
    if (source === undefined) return undefined;
    sources.push(source);
  }
  const shape = unmoved(facts.shape(node.output[0]), perm);
  const [plain, transpose] = moved(node, sources, first, shape, facts) as [NodeProto, NodeProto];
  if (node.opType !== "Concat") return [...again, plain, transpose];
  const axis = intAttribute(node, "axis", 0);
  const at = perm[axis < 0 ? axis + perm.length : axis]!;
  return [...again, withAttributes(plain, { axis: at }), transpose];
}

/**
 * A Transpose that takes a value to where it would be after going back along `perm`, if there is one
 * already that another node reads: the same once more, for {@linkcode mergeNodes} to make one of both.
 *
 * @param node The node that reads the value now.
 */
function transposedBack(
  name: string,
  perm: readonly number[],
  node: NodeProto,
  facts: Facts,
): NodeProto | undefined {
  const back = perm.map((_, axis) => perm.indexOf(axis)).join();
  // What no other node reads is about to go: if it came back, the two would take turns for ever.
  const known = facts.readers(name).find((reader) =>
    reader.opType === "Transpose" && isStandard(reader) &&
    facts.isReadBeside(reader.output[0]!, node) &&
    intsAttribute(reader, "perm")?.join() === back
  );
  return known && {
    ...known,
    name: known.name && facts.fresh(known.name),
    output: [facts.fresh(known.output[0]!)],
  };
}

/** Shape of what a Transpose by `perm` gives this shape. */
function unmoved(y: ValueShape | undefined, perm: readonly number[]): ValueShape | undefined {
  const back = perm.map((_, axis) => perm.indexOf(axis));
  return y && {
    ...y,
    dims: back.map((axis) => y.dims[axis]!),
    depends: back.map((axis) => y.depends[axis]!),
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
  { constants, fresh, added }: Facts,
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
  const [result] = evaluateNode(back, [{ ...tensor, dims }], Infinity) ?? [];
  if (!result) return undefined;
  const constant = makeTensorProto(fresh(name), result);
  added.push(constant);
  return constant.name;
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
  return goes ? moved(node, sources, reshape, source, facts) : undefined;
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
    const [from = ""] = maker.input;
    const sorts = isSorting(maker, facts);
    return sorts ? moved(node, [from], maker, facts.shape(from), facts) : undefined;
  }
  if (maker.opType !== "Concat" || !maker.input.every((name) => isProduct(name, facts))) {
    return undefined;
  }
  const parts = maker.input.map(() => facts.fresh(`${shortName(node)}_part`));
  parts.forEach((part, i) => facts.setShape(part, facts.shape(maker.input[i])));
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
  if (!stays) return undefined;
  const shape = unmoved(facts.shape(node.output[0]), perm);
  return moved(node, transpose.input.slice(0, 1), transpose, shape, facts);
}
