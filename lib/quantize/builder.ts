import { create } from "@bufbuild/protobuf";
import { makeNamer, removeDeadNodes } from "../onnx/graph.ts";
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  OperatorSetIdProtoSchema,
  type TensorProto,
} from "../onnx/onnx_pb.ts";
import { makeTensorProto, type TensorProtoOptions } from "../onnx/tensor_proto.ts";
import { mergeConstants, WORTH_MERGING } from "../passes/merge_constants.ts";
import { mergeTransposed } from "../passes/merge_transposed.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { GraphFacts } from "./graph_facts.ts";

/**
 * Collects the nodes and constants of a graph that is written anew, in order. The forms (static,
 * dynamic, weight-only) write into it; none of them knows of the others.
 */
export class Builder {
  readonly facts: GraphFacts;
  /** Makes a name that no graph of the model uses yet. */
  readonly fresh: (base: string) => string;
  readonly #outer: Builder | undefined;
  readonly #nodes: NodeProto[] = [];
  readonly #first: NodeProto[] = [];
  readonly #constants: TensorProto[] = [];
  readonly #replaced = new Set<string>();
  readonly #domains = new Map<string, number>();
  readonly #made = new Map<string, unknown>();

  /** @param outer Builder of the graph around, if this one is for a body. */
  constructor(facts: GraphFacts, outer?: Builder) {
    this.facts = facts;
    this.fresh = outer?.fresh ?? makeNamer(facts.graph);
    this.#outer = outer;
  }

  /** Appends nodes. */
  push(...nodes: NodeProto[]): void {
    this.#nodes.push(...nodes);
  }

  /** Adds a constant under a fresh name, and returns the name. */
  constant(base: string, tensor: Tensor, options: TensorProtoOptions = {}): string {
    const name = this.fresh(base);
    this.#constants.push(makeTensorProto(name, tensor, options));
    return name;
  }

  /**
   * Has nodes make a value that was a constant so far, in the graph that holds the constant; they
   * stand before all others there.
   *
   * @param make Is given the builder of that graph; called once however many nodes ask for it.
   */
  replaceConstant(name: string, make: (builder: Builder) => readonly NodeProto[]): void {
    const home = this.homeOf(name);
    if (home.#replaced.has(name)) return;
    home.#replaced.add(name);
    home.#first.push(...make(home));
  }

  /** Builder of the graph that holds a constant, where its other forms belong too. */
  homeOf(name: string): Builder {
    return this.facts.owns(name) || !this.#outer ? this : this.#outer.homeOf(name);
  }

  /** Makes what is written once and used often, or returns what was made under this key. */
  once<T>(key: string, make: () => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make());
    return this.#made.get(key) as T;
  }

  /** Has the model import a set of operators beside the standard's. */
  requireDomain(domain: string, version: number): void {
    if (this.#outer) this.#outer.requireDomain(domain, version);
    else this.#domains.set(domain, version);
  }

  /** The model as written, in the frame of the one it comes from. */
  model(frame: ModelProto): ModelProto {
    const known = new Set(frame.opsetImport.map(({ domain }) => domain));
    const more = [...this.#domains].filter(([domain]) => !known.has(domain));
    const opsetImport = [
      ...frame.opsetImport,
      ...more.map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) })
      ),
    ];
    return { ...frame, opsetImport, graph: this.graph() };
  }

  /** The graph as written, without the constants that nothing reads any more, and each large one once. */
  graph(): GraphProto {
    const { graph } = this.facts;
    const kept = this.#nodes.filter((node) =>
      !node.output.some((name) => this.#replaced.has(name))
    );
    const initializer = [
      ...graph.initializer.filter(({ name }) => !this.#replaced.has(name)),
      ...this.#constants,
    ];
    const node = [...this.#first, ...kept];
    const written = removeDeadNodes({
      ...graph,
      node,
      initializer,
      ...withoutConstantInputs(graph),
    });
    // A kernel of several products can be static for one and stored small for another, and an output
    // layer can be the embedding, transposed: one set of bytes.
    return mergeTransposed(mergeConstants(written, undefined, { leastBytes: WORTH_MERGING }));
  }
}

/** Files before IR 4 list initializers as inputs too; what is replaced must not stay one. */
function withoutConstantInputs(graph: GraphProto): Pick<GraphProto, "input"> {
  const constant = new Set(graph.initializer.map(({ name }) => name));
  return { input: graph.input.filter(({ name }) => !constant.has(name)) };
}
