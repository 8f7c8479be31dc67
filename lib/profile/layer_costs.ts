import { consumers, producers } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { TimedGraph, TimedNode } from "./timed_nodes.ts";

/** A layer that two models have: which nodes stand for it in each. */
export interface SharedLayer {
  /** Its nodes in the one, by name. */
  readonly here: readonly string[];
  /** And in the other. */
  readonly there: readonly string[];
}

/** What a layer takes in two models. */
export interface LayerCost {
  /** Milliseconds in the one, with the changes of precision and layout around it. */
  readonly ms: number;
  /** Milliseconds in the other. */
  readonly otherMs: number;
  /** Operators that the runtime executes for it in the one, in their order. */
  readonly runs: readonly string[];
}

/** What changes precision, and belongs to the layer that it leads to or away from. */
const CONVERSION = /^(Quantize|Dequantize|DynamicQuantize)Linear$/;

/**
 * Tells what layers take in each of two models of a network. A kernel that does the work of further nodes, a
 * bias or a Relu behind it, is held against the same nodes of the other model. What several layers share is
 * divided among them.
 *
 * @param here The one; nodes have names of their own.
 * @param there The other, in which what is no layer has the names that it has in the one.
 */
export function layerCosts(
  layers: readonly SharedLayer[],
  here: TimedGraph,
  there: TimedGraph,
): LayerCost[] {
  const own = new Owners(layers.map(({ here }) => here));
  const others = new Owners(layers.map(({ there }) => there));
  joinFused(there, others, own);
  joinFused(here, own, others);
  const before = others.divide(there);
  const after = own.divide(here);
  return layers.map((_, i) => ({ ...after[i]!, otherMs: before[i]!.ms }));
}

/** What a kernel of a layer does beside it belongs to the layer in both models. */
function joinFused({ nodes }: TimedGraph, own: Owners, others: Owners): void {
  for (const timed of nodes) {
    const layers = own.of(timed);
    for (const name of layers.length > 0 ? timed.covers : []) {
      own.add(name, layers);
      others.add(name, layers);
    }
  }
}

/** Which layers nodes of a model belong to, by name. */
class Owners {
  readonly #count: number;
  readonly #layers = new Map<string, number[]>();

  constructor(names: readonly (readonly string[])[]) {
    this.#count = names.length;
    names.forEach((own, layer) => {
      for (const name of own) {
        const all = this.#layers.get(name) ?? [];
        if (!all.includes(layer)) this.#layers.set(name, [...all, layer]);
      }
    });
  }

  /** Names a node that belongs to layers, unless it belongs to some already. */
  add(name: string, layers: readonly number[]): void {
    if (!this.#layers.has(name)) this.#layers.set(name, [...layers]);
  }

  /** The layers of a kernel: those of the node it stands for, else of the one it has to share least. */
  of({ covers }: TimedNode): readonly number[] {
    const [first = [], ...others] = covers.map((name) => this.#layers.get(name) ?? []);
    if (first.length > 0) return first;
    return others.filter(({ length }) => length > 0).sort((a, b) => a.length - b.length)[0] ?? [];
  }

  /** Milliseconds and kernels of each layer. */
  divide(timed: TimedGraph): { ms: number; runs: string[] }[] {
    const sums = Array.from({ length: this.#count }, () => ({ ms: 0, runs: [] as string[] }));
    for (const [{ node, ms }, layers] of this.#withConversions(timed)) {
      for (const layer of layers) {
        sums[layer]!.ms += ms / layers.length;
        sums[layer]!.runs.push(node.opType);
      }
    }
    return sums;
  }

  #withConversions({ graph, nodes }: TimedGraph): [TimedNode, readonly number[]][] {
    const found = new Map<NodeProto, readonly number[]>();
    for (const timed of nodes) found.set(timed.node, this.of(timed));
    const isOpen = ({ node, covers }: TimedNode) =>
      found.get(node)!.length === 0 && (covers.length === 0 || CONVERSION.test(node.opType));
    const readers = consumers(graph);
    const makers = producers(graph);
    const join = (timed: TimedNode, near: readonly NodeProto[]) => {
      if (!isOpen(timed)) return;
      found.set(timed.node, [...new Set(near.flatMap((node) => found.get(node) ?? []))]);
    };
    for (const timed of nodes.toReversed()) {
      join(timed, timed.node.output.flatMap((name) => readers.get(name) ?? []));
    }
    for (const timed of nodes) {
      join(timed, timed.node.input.flatMap((name) => makers.get(name) ?? []));
    }
    return nodes.map((timed) => [timed, found.get(timed.node)!]);
  }
}
