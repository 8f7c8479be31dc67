import { constants, mapSubgraphs, producers, subgraphs } from "../onnx/graph.ts";
import { isStandard, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { renameGraph } from "../onnx/rename.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { evaluateNode, isPlain } from "./evaluate/evaluate_node.ts";
import type { PassContext } from "./pass.ts";

/** An If whose condition is known. */
export interface TakenBranch {
  readonly node: NodeProto;
  readonly branch: "then" | "else";
  /** Inputs of the network that the condition depends on: on their values, or on their shapes alone. */
  readonly inputs: ReadonlyMap<string, "value" | "shape">;
}

/** What is known of the inputs of a network, by name. */
export interface KnownInputs {
  readonly values: ReadonlyMap<string, Tensor>;
  /** Tensors of which the shape alone is known to hold. */
  readonly shapes: ReadonlyMap<string, Tensor>;
}

/** Most bytes of a value on the way to a condition. */
const MOST_BYTES = 2 ** 20;

/** Most nodes in a row on the way to a condition: it is a flag or a number, not what a network computes. */
const MOST_STEPS = 100;

/** Finds the branches of a graph that are taken, and puts them in the place of their If. */
export class Branches {
  /** What was decided, outer ones first. */
  readonly taken: TakenBranch[] = [];
  readonly #graph: GraphProto;
  readonly #context: PassContext;
  readonly #known: KnownInputs;
  /** How many values have each name: what a branch names alone keeps its name. */
  readonly #names = new Map<string, number>();

  /** @param known Inputs of the graph of which something is known. */
  constructor(graph: GraphProto, context: PassContext, known: KnownInputs) {
    this.#graph = graph;
    this.#context = context;
    this.#known = known;
    this.#count(graph);
  }

  /** The graph with every branch that is taken in the place of its If; itself if there is none. */
  inline(): GraphProto {
    return this.#rewrite(this.#graph, new Scope(this.#graph, this.#known));
  }

  #count(graph: GraphProto): void {
    for (const name of [...graph.input.map(({ name }) => name), ...ownNames(graph)]) {
      this.#names.set(name, (this.#names.get(name) ?? 0) + 1);
    }
    for (const node of graph.node) for (const body of subgraphs(node)) this.#count(body);
  }

  #rewrite(graph: GraphProto, scope: Scope): GraphProto {
    const initializer: TensorProto[] = [];
    const valueInfo = [...graph.valueInfo];
    let changed = false;
    const node = graph.node.flatMap((old): NodeProto[] => {
      const taken = this.#takenBranch(old, scope);
      if (!taken) {
        const inner = mapSubgraphs(old, (body) => this.#rewrite(body, new Scope(body, scope)));
        if (inner !== old) this.#context.origins.inherit(inner, old);
        changed ||= inner !== old;
        return [inner];
      }
      changed = true;
      const inside = this.#rewrite(taken, new Scope(taken, scope));
      const placed = this.#place(old, inside);
      initializer.push(...placed.initializer);
      valueInfo.push(...placed.valueInfo);
      return placed.node;
    });
    if (!changed) return graph;
    return { ...graph, node, valueInfo, initializer: [...graph.initializer, ...initializer] };
  }

  #takenBranch(node: NodeProto, scope: Scope): GraphProto | undefined {
    if (node.opType !== "If" || !isStandard(node)) return undefined;
    const condition = scope.find(node.input[0] ?? "", MOST_STEPS);
    if (condition?.value.data.length !== 1) return undefined;
    const branch = condition.value.data[0] ? "then" : "else";
    const body = node.attribute.find(({ name }) => name === `${branch}_branch`)?.g;
    if (body) this.taken.push({ node, branch, inputs: condition.inputs });
    return body;
  }

  /** A branch with the names that its values have outside. */
  #place(taken: NodeProto, branch: GraphProto): GraphProto {
    const made = producers(branch);
    const names = new Map<string, string>();
    const copies: [from: string, to: string][] = [];
    branch.output.forEach(({ name }, i) => {
      const outer = taken.output[i];
      if (!outer) return;
      if (made.has(name) && !names.has(name)) names.set(name, outer);
      else copies.push([name, outer]);
    });
    for (const name of ownNames(branch)) {
      if (names.has(name)) continue;
      names.set(name, this.#names.get(name) === 1 ? name : this.#context.fresh(name));
    }
    const outside = (name: string) => names.get(name) ?? name;
    const placed = renameGraph(branch, outside);
    const node = placed.node.map((node, i) => {
      // Nodes are not values: theirs are not told apart here.
      const named = { ...node, name: branch.node[i]!.name };
      this.#context.origins.inherit(named, branch.node[i]!);
      return named;
    });
    // What a branch passes on, from outside or from its constants, gets its name by a copy.
    for (const [from, to] of copies) {
      const copy = makeNode("Identity", [outside(from)], [to], {}, { name: taken.name });
      this.#context.origins.inherit(copy, taken);
      node.push(copy);
    }
    return { ...placed, node };
  }
}

/** Names that a graph gives to values of its own, its inputs aside. */
function ownNames(graph: GraphProto): string[] {
  return [
    ...graph.initializer.map(({ name }) => name),
    ...graph.sparseInitializer.map(({ values }) => values?.name ?? ""),
    ...graph.node.flatMap(({ output }) => output),
  ].filter((name) => name !== "");
}

const NOTHING_KNOWN: KnownInputs = { values: new Map(), shapes: new Map() };

/** A value that follows from constants and from inputs that are known. */
interface Found {
  readonly value: Tensor;
  /** Those inputs, and what of them counted. */
  readonly inputs: ReadonlyMap<string, "value" | "shape">;
  /** How many nodes it is away from them. */
  readonly steps: number;
}

/** What is known of the values that a graph can read. */
class Scope {
  readonly #outer: Scope | undefined;
  readonly #known: KnownInputs;
  readonly #constants: ReadonlyMap<string, TensorProto>;
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #inputs: ReadonlySet<string>;
  /** What nodes make: where each value is read twice, all ways to it grow without bound. */
  readonly #found = new Map<string, Found>();

  /** @param around The scope around it, or what is known of the inputs of the network. */
  constructor(graph: GraphProto, around: Scope | KnownInputs) {
    this.#outer = around instanceof Scope ? around : undefined;
    this.#known = around instanceof Scope ? NOTHING_KNOWN : around;
    this.#constants = constants(graph);
    this.#makers = producers(graph);
    this.#inputs = new Set(graph.input.map(({ name }) => name));
  }

  /** The value of a name, if it follows from what is known in so many steps. */
  find(name: string, steps: number): Found | undefined {
    const constant = this.#constants.get(name);
    if (constant) {
      if (!isPlain(constant.dataType)) return undefined;
      return { value: readTensorProto(constant), inputs: new Map(), steps: 0 };
    }
    const fixed = this.#known.values.get(name);
    if (fixed) return { value: fixed, inputs: new Map([[name, "value"]]), steps: 0 };
    const maker = this.#makers.get(name);
    if (!maker) return this.#inputs.has(name) ? undefined : this.#outer?.find(name, steps);
    if (steps === 0) return undefined;
    const found = this.#found.get(name) ?? this.#compute(name, maker, steps);
    if (found) this.#found.set(name, found);
    return found && found.steps <= steps ? found : undefined;
  }

  #compute(name: string, maker: NodeProto, steps: number): Found | undefined {
    const [first = ""] = maker.input;
    const shaped = isStandard(maker) && /^(Shape|Size)$/.test(maker.opType)
      ? this.#shaped(first)
      : undefined;
    if (shaped) {
      const value = evaluateNode(maker, [shaped], MOST_BYTES)?.[0];
      return value && { value, inputs: new Map([[first, "shape"]]), steps: 1 };
    }
    const inputs = new Map<string, "value" | "shape">();
    const read: (Tensor | undefined)[] = [];
    let away = 0;
    for (const input of maker.input) {
      const found = input === "" ? undefined : this.find(input, steps - 1);
      if (input !== "" && !found) return undefined;
      read.push(found?.value);
      away = Math.max(away, found?.steps ?? 0);
      for (const [one, what] of found?.inputs ?? []) {
        if (inputs.get(one) !== "value") inputs.set(one, what);
      }
    }
    const value = evaluateNode(maker, read, MOST_BYTES)?.[maker.output.indexOf(name)];
    return value && { value, inputs, steps: away + 1 };
  }

  /** An input of the network of which the shape is known, also from within a body. */
  #shaped(name: string): Tensor | undefined {
    const known = this.#known.shapes.get(name);
    if (known || this.#makers.has(name) || this.#inputs.has(name)) return known;
    return this.#outer && this.#outer.#shaped(name);
  }
}
