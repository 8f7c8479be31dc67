import { isStandard } from "../onnx/node.ts";
import type { Model } from "../onnx/model.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { byteLengthOf } from "../onnx/tensor_proto.ts";
import { inferShapes } from "../passes/infer_shapes.ts";
import { rootContext, visibleConstants } from "../passes/pass.ts";
import type { Limit } from "./placement.ts";
import type { LoadRatios } from "../record/load_ratios.ts";
import { elementCount } from "../tensor/tensor.ts";

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
  const constants = visibleConstants(graph, rootContext(graph));
  const known = inferShapes(graph, shapes.afresh(), constants);
  const fixed = new Set(constants.keys());
  let [stored, computed, packed, nodes] = [0, 0, 0, 0];
  for (const tensor of graph.initializer) stored += byteLengthOf(tensor);
  const right = new Set<string>();
  for (const node of graph.node) {
    const isConstant = node.input.length > 0 &&
      node.input.every((name) => name === "" || fixed.has(name));
    if (isConstant) {
      for (const name of node.output) {
        fixed.add(name);
        computed += 4 * elementCount(known.get(name)?.dims ?? [0]);
      }
      continue;
    }
    nodes++;
    const [, matrix = ""] = node.input;
    const isProduct = isStandard(node) && /^(Gemm|MatMul)$/.test(node.opType);
    if (isProduct && fixed.has(matrix) && known.get(matrix)?.dims.length === 2) right.add(matrix);
  }
  for (const name of right) packed += 4 * elementCount(known.get(name)!.dims);
  return { stored, computed, packed, nodes };
}

/**
 * Milliseconds for a megabyte in the file, for one computed, for one packed, and for a node; fitted to fourteen
 * forms of a ResNet-18, from 47 to 160 MB and from 49 to 625 nodes, on a busy machine: within 23 % of each,
 * and within 10 % of eleven of them. What counts is how they compare.
 */
const CREATE = { stored: 1.8, computed: 0.95, packed: 1.46, node: 0.33 };

/** Bytes of the heap for each byte: within 18 % of the same. */
const HEAP = { stored: 2.45, computed: 1.08, packed: 0.34 };

/** What the runtime itself takes, for the smallest of models in a new process. */
const OWN: LoadCost = { createMs: 100, heapBytes: 17e6 };

/** An estimate of what it takes to open a model, or a part of one. */
export function loadCost({ stored, computed, packed, nodes }: LoadFacts): LoadCost {
  const megabytes = CREATE.stored * stored + CREATE.computed * computed + CREATE.packed * packed;
  return {
    createMs: megabytes / 1e6 + CREATE.node * nodes,
    heapBytes: HEAP.stored * stored + HEAP.computed * computed + HEAP.packed * packed,
  };
}

/** What an estimate may take at most, so that its error does not carry it over the limit. */
const SHARE = 0.9;

/** What a model may take at most to open. */
export function loadBudget(given: LoadCost, { maxCreate, maxHeap }: LoadRatios): LoadCost {
  const most = (part: keyof LoadCost, ratio: number) =>
    Math.max(given[part], SHARE * ratio * (OWN[part] + given[part]) - OWN[part]);
  return { createMs: most("createMs", maxCreate), heapBytes: most("heapBytes", maxHeap) };
}

/** What parts of a model take together. */
export function sumOfLoads(parts: readonly LoadCost[]): LoadCost {
  return parts.reduce((sum, { createMs, heapBytes }) => ({
    createMs: sum.createMs + createMs,
    heapBytes: sum.heapBytes + heapBytes,
  }), { createMs: 0, heapBytes: 0 });
}

/** The largest of some budgets as limits of a placement, to which rounding adds nothing. */
export function loadLimits(budgets: readonly LoadCost[]): Limit[] {
  const parts = budgets.map(loadTakes);
  return [0, 1].map((l) => ({
    most: Math.max(...parts.map((part) => part[l]!)),
    rounding: () => 0,
  }));
}

/** What a choice takes of these. */
export function loadTakes({ createMs, heapBytes }: LoadCost): number[] {
  return [createMs, heapBytes];
}
