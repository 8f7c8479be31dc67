import { namesRead } from "../onnx/graph.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { canEvaluate, evaluateNode, isPlain } from "./evaluate/evaluate_node.ts";
import type { FoldingBudget } from "./folding_budget.ts";
import { integersThrough } from "./carry_integers.ts";
import { integersOf, markQuantized, rememberIntegers, wasFloats } from "./known_integers.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/**
 * Computes what depends on constants alone and stores it as initializers, under the names that the
 * nodes gave it: weights that an exporter normalises, slices and joins, shapes, tables. A result may
 * exceed the constants that it comes from by `context.maxGrowth` bytes, or the node stays for the runtime
 * to compute; what lies between may be larger, such as the product of two factors that is added to a
 * weight. Of what only computed nodes read nothing is kept, and `context.folding` bounds the whole.
 */
export function foldConstants(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const values = new ConstantValues(visibleConstants(graph, context), context);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const readers = readerCounts(graph);
  const folded = new Map<string, TensorProto>();
  const node = graph.node.filter((candidate) => {
    if (!canEvaluate(candidate) || candidate.input.length === 0) return true;
    if (candidate.output.some((name) => outputs.has(name))) return true;
    const made = values.compute(candidate);
    if (!made) return true;
    for (const tensor of made) folded.set(tensor.name, tensor);
    for (const name of namesRead(candidate)) {
      const left = readers.get(name)! - 1;
      readers.set(name, left);
      if (left === 0 && folded.delete(name)) values.forget(name);
    }
    return false;
  });
  values.end();
  if (node.length === graph.node.length) return graph;
  return { ...graph, node, initializer: [...graph.initializer, ...folded.values()] };
}

/** Nodes that read each value. */
function readerCounts(graph: GraphProto): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of graph.node) {
    for (const name of namesRead(node)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** A value that depends on constants alone, but is too large to be stored in their place. */
interface Passing {
  readonly tensor: Tensor;
  /** Names and bytes of the stored constants that it comes from. */
  readonly roots: ReadonlyMap<string, number>;
}

/** An input of a node, and the stored constants that it comes from; no tensor where it is left out. */
interface Input {
  readonly tensor?: Tensor;
  readonly roots: Iterable<readonly [name: string, bytes: number]>;
}

/** The constants that nodes can read, and what is computed from them. */
class ConstantValues {
  readonly #stored: Map<string, TensorProto>;
  readonly #passing = new Map<string, Passing>();
  readonly #maxGrowth: number;
  readonly #folding: FoldingBudget;
  /** Bytes that passing values may still take, all of them together: as many as the constants have. */
  #bytesLeft: number;
  #passingBytes = 0;

  constructor(
    stored: Map<string, TensorProto>,
    { maxGrowth, folding }: Pick<PassContext, "maxGrowth" | "folding">,
  ) {
    this.#stored = stored;
    this.#maxGrowth = maxGrowth;
    this.#folding = folding;
    this.#bytesLeft = 0;
    for (const tensor of stored.values()) this.#bytesLeft += byteLengthOf(tensor);
  }

  /** What a node makes, to be stored in its place; undefined where it stays. */
  compute(node: NodeProto): TensorProto[] | undefined {
    const inputs = this.#inputsOf(node);
    if (!inputs) return undefined;
    const roots = new Map(inputs.flatMap(({ roots }) => [...roots]));
    let mayTake = this.#maxGrowth;
    for (const bytes of roots.values()) mayTake += bytes;
    const limit = Math.max(mayTake, this.#bytesLeft);
    const results = evaluateNode(
      node,
      inputs.map(({ tensor }) => tensor),
      Math.min(limit, this.#folding.left),
    );
    if (!results) {
      this.#folding.exhausted ||= this.#folding.left < limit;
      return undefined;
    }
    const kept = node.output.flatMap((name, i) => {
      const tensor = results[i];
      return name !== "" && tensor ? [{ tensor, stored: makeTensorProto(name, tensor) }] : [];
    });
    const made = kept.map(({ stored }) => stored);
    this.#carry(node, inputs, kept, results);
    const quantizes = node.opType === "QuantizeLinear" ||
      node.input.some((name) => wasFloats(this.#stored.get(name)));
    if (quantizes) made.forEach(markQuantized);
    const bytes = made.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0);
    this.#folding.left -= bytes;
    if (bytes <= mayTake) {
      for (const tensor of made) this.#stored.set(tensor.name, tensor);
      return made;
    }
    this.#bytesLeft -= bytes;
    this.#passingBytes += bytes;
    for (const { tensor, stored } of kept) this.#passing.set(stored.name, { tensor, roots });
    return undefined;
  }

  /** What is known of the integers that constants were is known of what is made of them. */
  #carry(
    node: NodeProto,
    inputs: readonly Input[],
    kept: readonly { readonly tensor: Tensor; readonly stored: TensorProto }[],
    results: readonly (Tensor | undefined)[],
  ): void {
    const known = node.input.map((name) => integersOf(this.#stored.get(name)));
    if (!known.some((one) => one)) return;
    const carried = integersThrough(node, known, inputs.map(({ tensor }) => tensor), results);
    for (const { tensor, stored } of kept) {
      const integers = carried[results.indexOf(tensor)];
      if (integers) rememberIntegers(stored, integers);
    }
  }

  /** Lets go of a value that no node reads any more. */
  forget(name: string): void {
    this.#folding.left += byteLengthOf(this.#stored.get(name)!);
    this.#stored.delete(name);
  }

  /** Lets go of what was not stored. */
  end(): void {
    this.#folding.left += this.#passingBytes;
  }

  /** Near the end of the budget large constants are not even read: each of many nodes would copy them. */
  #isBeyond(stored: TensorProto): boolean {
    return this.#folding.exhausted && byteLengthOf(stored) > this.#folding.left;
  }

  /** The inputs of a node, if all are constants of numbers. */
  #inputsOf({ input }: NodeProto): Input[] | undefined {
    const inputs: Input[] = [];
    for (const name of input) {
      const passing = this.#passing.get(name);
      const stored = this.#stored.get(name);
      if (name === "") inputs.push({ roots: [] });
      else if (passing) inputs.push(passing);
      else if (stored && isPlain(stored.dataType) && !this.#isBeyond(stored)) {
        inputs.push({ tensor: readTensorProto(stored), roots: [[name, byteLengthOf(stored)]] });
      } else return undefined;
    }
    return inputs;
  }
}
