import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, makeTensorProto, readTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { canEvaluate, evaluateNode, isPlain } from "./evaluate/evaluate_node.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";

/**
 * Computes what depends on constants alone and stores it as initializers, under the names that the
 * nodes gave it: weights that an exporter normalises, slices and joins, shapes, tables. A result may
 * exceed the constants that it comes from by `context.maxGrowth` bytes, or the node stays for the runtime
 * to compute; what lies between may be larger, such as the product of two factors that is added to a
 * weight.
 */
export function foldConstants(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const values = new ConstantValues(visibleConstants(graph, context), context.maxGrowth);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const folded: TensorProto[] = [];
  const node = graph.node.filter((candidate) => {
    if (!canEvaluate(candidate) || candidate.input.length === 0) return true;
    if (candidate.output.some((name) => outputs.has(name))) return true;
    const made = values.compute(candidate);
    if (made) folded.push(...made);
    return !made;
  });
  if (folded.length === 0) return graph;
  return { ...graph, node, initializer: [...graph.initializer, ...folded] };
}

/** A value that depends on constants alone, but is too large to be stored in their place. */
interface Passing {
  readonly tensor: Tensor;
  /** Names of the stored constants that it comes from. */
  readonly roots: ReadonlySet<string>;
}

/** The constants that nodes can read, and what is computed from them. */
class ConstantValues {
  readonly #stored: Map<string, TensorProto>;
  readonly #passing = new Map<string, Passing>();
  readonly #maxGrowth: number;
  /** Bytes that passing values may still take, all of them together: as many as the constants have. */
  #bytesLeft: number;

  constructor(stored: Map<string, TensorProto>, maxGrowth: number) {
    this.#stored = stored;
    this.#maxGrowth = maxGrowth;
    this.#bytesLeft = 0;
    for (const tensor of stored.values()) this.#bytesLeft += byteLengthOf(tensor);
  }

  /** What a node makes, to be stored in its place; undefined where it stays. */
  compute(node: NodeProto): TensorProto[] | undefined {
    const inputs = this.#inputsOf(node);
    if (!inputs) return undefined;
    const roots = new Set(inputs.flatMap(({ roots }) => [...roots]));
    let mayTake = this.#maxGrowth;
    for (const name of roots) mayTake += byteLengthOf(this.#stored.get(name)!);
    const results = evaluateNode(
      node,
      inputs.map(({ tensor }) => tensor),
      Math.max(mayTake, this.#bytesLeft),
    );
    if (!results) return undefined;
    const made = node.output.flatMap((name, i) =>
      name !== "" && results[i] ? [makeTensorProto(name, results[i])] : []
    );
    const bytes = made.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0);
    if (bytes <= mayTake) {
      for (const tensor of made) this.#stored.set(tensor.name, tensor);
      return made;
    }
    this.#bytesLeft -= bytes;
    made.forEach(({ name }, i) => this.#passing.set(name, { tensor: results[i]!, roots }));
    return undefined;
  }

  /** The inputs of a node, if all are constants of numbers. */
  #inputsOf({ input }: NodeProto): { tensor?: Tensor; roots: Iterable<string> }[] | undefined {
    const inputs: { tensor?: Tensor; roots: Iterable<string> }[] = [];
    for (const name of input) {
      const passing = this.#passing.get(name);
      const stored = this.#stored.get(name);
      if (name === "") inputs.push({ roots: [] });
      else if (passing) inputs.push(passing);
      else if (stored && isPlain(stored.dataType)) {
        inputs.push({ tensor: readTensorProto(stored), roots: [name] });
      } else return undefined;
    }
    return inputs;
  }
}
