import { constants, producers } from "../onnx/graph.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { PartSelector } from "../record/part_name.ts";
import { attentionCores } from "./attention_cores.ts";
import { knownBefore } from "./known_before.ts";
import { nodesBetween } from "./nodes_between.ts";
import { normNodes } from "./norm_nodes.ts";

/**
 * The part of a transformer that each node belongs to, found by structure, whatever names there are: a
 * residual Add joins a branch to the value that the branch reads. Branches with a product of attention
 * are attention, others with weights are feed-forward. What prepares masks, shapes and positions for all
 * layers belongs to none.
 *
 * @param graph Nodes in topological order, as {@linkcode fuse} leaves them.
 * @returns Empty of a network without attention.
 */
export function transformerParts(graph: GraphProto): Map<NodeProto, PartSelector> {
  const found = new Parts(graph);
  return found.cores.length === 0 ? new Map() : found.all();
}

/** Operators that multiply by their weights, the second input. */
const PRODUCTS: ReadonlySet<string> = new Set(["MatMul", "Gemm", "Conv"]);

/** What is added to the trunk. */
interface Branch {
  readonly trunk: string;
  readonly add: NodeProto;
  readonly nodes: ReadonlySet<NodeProto>;
}

class Parts {
  readonly cores: readonly ReadonlySet<NodeProto>[];
  readonly #graph: GraphProto;
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #constant: ReadonlySet<string>;
  readonly #norms: ReadonlySet<NodeProto>;
  readonly #parts = new Map<NodeProto, PartSelector>();

  constructor(graph: GraphProto) {
    this.#graph = graph;
    this.#makers = producers(graph);
    this.#constant = knownBefore(graph, constants(graph).keys());
    this.cores = attentionCores(graph, this.#constant);
    this.#norms = normNodes(graph, this.#constant);
  }

  all(): Map<NodeProto, PartSelector> {
    const branches = this.#branches();
    const layers = this.#nameBranches(branches);
    for (const core of this.cores) {
      const layer = this.#unnamed(core).length > 0 ? layers.next++ : undefined;
      if (layer !== undefined) this.#name(core, { part: "attention", layer });
    }
    this.#nameNorms(branches);
    this.#nameSides(branches);
    this.#nameEnds(branches);
    // In the order of the graph.
    return new Map(this.#graph.node.flatMap((node) => {
      const part = this.#parts.get(node);
      return part ? [[node, part]] : [];
    }));
  }

  /** Branches of which one operand of an Add is made, out of the other. */
  #branches(): Branch[] {
    const order = new Map(this.#graph.node.map((node, i) => [node, i]));
    const inCore = new Set(this.cores.flatMap((core) => [...core]));
    const between = (from: string, to: string) =>
      nodesBetween(from, to, { makers: this.#makers, order });
    return this.#graph.node.flatMap((add): Branch[] => {
      const { opType, input: [a = "", b = ""] } = add;
      if (opType !== "Add" || this.#constant.has(a) || this.#constant.has(b)) return [];
      if (inCore.has(add)) return []; // a mask, which all layers share
      for (const [trunk, end] of [[a, b], [b, a]] as const) {
        const nodes = between(trunk, end);
        if ([...nodes].some((node) => inCore.has(node) || this.#isProduct(node))) {
          return [{ trunk, add, nodes }];
        }
      }
      return [];
    });
  }

  /** Names what is in branches, but for norms. @returns The number of the next layer. */
  #nameBranches(branches: readonly Branch[]): { next: number } {
    let next = 0;
    for (const { nodes, add } of branches) {
      const cores = this.cores.filter((core) =>
        [...core].every((node) => nodes.has(node) && !this.#parts.has(node))
      );
      if (cores.length > 0) {
        const layer = next++;
        const beside = this.#beside(nodes, cores);
        this.#name(beside, { part: "feed-forward", layer });
        this.#name([...nodes, add], { part: "attention", layer });
      } else if (this.#unnamed(nodes).some((node) => this.#isProduct(node))) {
        this.#name([...nodes, add], { part: "feed-forward", layer: Math.max(0, next - 1) });
      }
    }
    return { next };
  }

  /** What of a branch stands beside attention: a feed-forward part that reads the same value. */
  #beside(
    nodes: ReadonlySet<NodeProto>,
    cores: readonly ReadonlySet<NodeProto>[],
  ): NodeProto[] {
    const along = new Set(cores.flatMap((core) => [...core]));
    const inOrder = this.#graph.node.filter((node) => nodes.has(node));
    const make = (node: NodeProto, others: ReadonlySet<NodeProto>) =>
      node.input.some((name) => others.has(this.#makers.get(name)!));
    const after = new Set(along);
    for (const node of inOrder) if (make(node, after)) after.add(node);
    const before = new Set(along);
    for (const node of inOrder.toReversed()) {
      if ([...before].some((other) => make(other, new Set([node])))) before.add(node);
    }
    const beside = inOrder.filter((node) => !after.has(node) && !before.has(node));
    // A single product is a gate on what attention gives.
    return beside.filter((node) => this.#isProduct(node)).length > 1 ? beside : [];
  }

  /** Norms: those in a branch and, where none is in one, those behind it belong to its layer. */
  #nameNorms(branches: readonly Branch[]): void {
    const inBranch = [...this.#norms].some((node) => this.#parts.has(node));
    const layerOf = new Map<string, number>();
    for (const { add } of branches) {
      const layer = this.#parts.get(add)?.layer;
      if (layer !== undefined) layerOf.set(add.output[0]!, layer);
    }
    for (const node of this.#graph.node) {
      if (!this.#norms.has(node)) continue;
      const behind = inBranch ? undefined : layerOf.get(
        node.input.find((name) => layerOf.has(name)) ?? "",
      );
      const layer = this.#parts.get(node)?.layer ?? behind;
      this.#parts.set(node, { part: "norm", ...(layer !== undefined && { layer }) });
      if (behind !== undefined) { for (const name of node.output) layerOf.set(name, behind); }
    }
  }

  /** What one attention alone reads beside the trunk: keys of what another network gives, masks of its own. */
  #nameSides(branches: readonly Branch[]): void {
    const trunks = new Set(branches.map(({ trunk }) => trunk));
    const reached = new Map<NodeProto, Set<number>>();
    const walk = (node: NodeProto, layer: number) => {
      for (const name of node.input) {
        const maker = this.#makers.get(name);
        if (!maker || trunks.has(name) || this.#parts.has(maker)) continue;
        if (maker.opType === "Shape" || this.#constant.has(name)) continue;
        const layers = reached.get(maker) ?? new Set();
        reached.set(maker, layers);
        if (layers.has(layer)) continue;
        layers.add(layer);
        walk(maker, layer);
      }
    };
    for (const [node, { part, layer }] of this.#parts) {
      if (part === "attention" && layer !== undefined) walk(node, layer);
    }
    for (const [node, [layer, ...others]] of reached) {
      if (others.length === 0) this.#parts.set(node, { part: "attention", layer: layer! });
    }
  }

  /** What is before the first layer and has weights, or comes of such; and what is behind the last. */
  #nameEnds(branches: readonly Branch[]): void {
    const fromWeights = new Set<string>();
    const behind = new Set<string>();
    for (const node of this.#graph.node) {
      if (node.opType === "Shape" || this.#isConstantNode(node)) continue;
      const named = this.#parts.get(node);
      const comesBehind = node.input.some((name) => behind.has(name));
      const isLast = branches.some(({ add }) => add === node);
      const hasWeights = this.#isProduct(node) || this.#isTable(node);
      const comes = hasWeights || node.input.some((name) => fromWeights.has(name));
      if (isLast || comesBehind) { for (const name of node.output) behind.add(name); }
      if (comes) { for (const name of node.output) fromWeights.add(name); }
      if (named) continue;
      if (comesBehind) this.#parts.set(node, { part: "head" });
      else if (comes) this.#parts.set(node, { part: "embedding" });
    }
  }

  #name(nodes: Iterable<NodeProto>, part: PartSelector): void {
    for (const node of nodes) if (!this.#parts.has(node)) this.#parts.set(node, part);
  }

  #unnamed(nodes: Iterable<NodeProto>): NodeProto[] {
    return [...nodes].filter((node) => !this.#parts.has(node));
  }

  #isProduct({ opType, input }: NodeProto): boolean {
    return PRODUCTS.has(opType) && this.#constant.has(input[1] ?? "");
  }

  #isTable({ opType, input }: NodeProto): boolean {
    return opType === "Gather" && this.#constant.has(input[0] ?? "") &&
      !this.#constant.has(input[1]!);
  }

  #isConstantNode({ output }: NodeProto): boolean {
    return output.every((name) => this.#constant.has(name));
  }
}
