import { isStandard } from "../onnx/node.ts";
import type { Model } from "../onnx/model.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { byteLengthOf } from "../onnx/tensor_proto.ts";
import { elementCount } from "../tensor/tensor.ts";
import { inferShapes } from "./infer_shapes.ts";
import { rootContext, visibleConstants } from "./pass.ts";

/** What it takes to open a model. */
export interface LoadCost {
  /** Milliseconds to create a session, without what the runtime itself takes for the first. */
  readonly createMs: number;
  /** Bytes of the WASM heap, without the runtime's own. */
  readonly heapBytes: number;
}

/** What of a model decides what it takes to open it. */
export interface LoadFacts {
  /** Bytes of the constants in the file. */
  readonly stored: number;
  /** Bytes of what is computed of them when it loads, each step of it. */
  readonly computed: number;
  /** Bytes of the matrices, on the right of a product, that the runtime packs when it loads them. */
  readonly packed: number;
  readonly nodes: number;
}

/** Reads off a model what decides what it takes to open it. */
export function loadFacts({ graph }: Model, shapes: ShapeMap): LoadFacts {
  return new LoadReader(graph, shapes).all;
}

/** Reads off a graph, or parts of it, what decides what it takes to open them. */
export class LoadReader {
  readonly #graph: GraphProto;
  /** Of all values, as far as known. */
  readonly shapes: ShapeMap;
  /** What is known before the graph runs: a constant of the file, or the node that computes it. */
  readonly #fixed = new Map<string, TensorProto | NodeProto>();

  constructor(graph: GraphProto, shapes: ShapeMap) {
    const constants = visibleConstants(graph, rootContext(graph));
    this.#graph = graph;
    this.shapes = inferShapes(graph, shapes.afresh(), constants);
    for (const [name, tensor] of constants) this.#fixed.set(name, tensor);
    for (const node of graph.node) {
      if (!this.isComputedAtLoad(node)) continue;
      for (const name of node.output) this.#fixed.set(name, node);
    }
  }

  /** Of the whole. */
  get all(): LoadFacts {
    const { initializer, node } = this.#graph;
    return this.#facts(initializer, node);
  }

  /** Of some of the nodes, with what makes the constants that they read. */
  of(nodes: readonly NodeProto[]): LoadFacts {
    const tensors = new Set<TensorProto>();
    const members = new Set<NodeProto>();
    const add = (node: NodeProto) => {
      if (members.has(node)) return;
      members.add(node);
      for (const name of node.input) {
        const maker = this.#fixed.get(name);
        if (maker && "opType" in maker) add(maker);
        else if (maker) tensors.add(maker);
      }
    };
    nodes.forEach(add);
    return this.#facts([...tensors], [...members]);
  }

  /** Whether a value is known before the graph runs. */
  isFixed(name: string): boolean {
    return this.#fixed.has(name);
  }

  /** Whether all that a node reads is known before the graph runs. */
  isComputedAtLoad({ input }: NodeProto): boolean {
    return input.length > 0 && input.every((name) => name === "" || this.#fixed.has(name));
  }

  #facts(tensors: readonly TensorProto[], nodes: readonly NodeProto[]): LoadFacts {
    const bytes = (names: readonly string[]) =>
      names.reduce((sum, name) => sum + 4 * elementCount(this.shapes.get(name)?.dims ?? [0]), 0);
    const [atLoad, running] = [true, false].map((is) =>
      nodes.filter((node) => this.isComputedAtLoad(node) === is)
    ) as [NodeProto[], NodeProto[]];
    const right = new Set(running.flatMap((node) => {
      const [, matrix = ""] = node.input;
      const isProduct = isStandard(node) && /^(Gemm|MatMul)$/.test(node.opType);
      const isMatrix = this.#fixed.has(matrix) && this.shapes.get(matrix)?.dims.length === 2;
      return isProduct && isMatrix ? [matrix] : [];
    }));
    return {
      stored: tensors.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0),
      computed: bytes(atLoad.flatMap(({ output }) => output)),
      packed: bytes([...right]),
      nodes: running.length,
    };
  }
}

/**
 * Milliseconds for a megabyte in the file, for one computed, for one packed, and for a node; fitted to fourteen
 * forms of a ResNet-18, from 47 to 160 MB and from 49 to 625 nodes, on a busy machine: within 23 % of each,
 * and within 10 % of eleven of them. What counts is how they compare.
 */
const CREATE = { stored: 1.8, computed: 0.95, packed: 1.46, node: 0.33 };

/** Bytes of the heap for each byte: within 18 % of the same. */
const HEAP = { stored: 2.45, computed: 1.08, packed: 0.34 };

/** An estimate of what it takes to open a model, or a part of one. */
export function loadCost({ stored, computed, packed, nodes }: LoadFacts): LoadCost {
  const megabytes = CREATE.stored * stored + CREATE.computed * computed + CREATE.packed * packed;
  return {
    createMs: megabytes / 1e6 + CREATE.node * nodes,
    heapBytes: HEAP.stored * stored + HEAP.computed * computed + HEAP.packed * packed,
  };
}
