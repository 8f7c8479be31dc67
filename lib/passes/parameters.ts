import { consumers } from "../onnx/graph.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { elementType, readTensorProto } from "../onnx/tensor_proto.ts";
import { Float16Elements } from "../tensor/float16_array.ts";
import type { ElementArrays, Tensor } from "../tensor/tensor.ts";
import { madeFrom } from "./made_from.ts";
import { type PassContext, visibleConstants } from "./pass.ts";

/** Element types whose parameters are rewritten. */
export type FloatType = "float32" | "float64" | "float16";

/** Reads the float constants of a graph and stores changed ones, for one pass over it. */
export class Parameters {
  readonly #graph: GraphProto;
  readonly #context: PassContext;
  readonly #constants: Map<string, TensorProto>;
  readonly #readers: Map<string, NodeProto[]>;
  readonly #changed = new Map<string, TensorProto>();
  readonly #added: TensorProto[] = [];

  constructor(graph: GraphProto, context: PassContext) {
    this.#graph = graph;
    this.#context = context;
    this.#constants = visibleConstants(graph, context);
    this.#readers = consumers(graph);
  }

  /** A name that is free in the whole model. */
  fresh(base: string): string {
    return this.#context.fresh(base);
  }

  /** Nodes that read the value of this name. */
  readers(name: string): readonly NodeProto[] {
    return this.#readers.get(name) ?? [];
  }

  /** The constant of this name, if it is one of floats. */
  read(name: string | undefined): Tensor<FloatType> | undefined {
    const stored = this.#constants.get(name ?? "");
    if (!stored) return undefined;
    const type = elementType(stored.dataType);
    if (type !== "float32" && type !== "float64" && type !== "float16") return undefined;
    return readTensorProto(stored) as Tensor<FloatType>;
  }

  /**
   * Stores what `reader` reads in place of the constant `name` from now on. The name stays if nothing
   * else reads it; otherwise the others keep theirs and `reader` gets a copy.
   *
   * @returns The name to read.
   */
  replace(name: string, tensor: Tensor, reader: NodeProto): string {
    const own = this.#graph.initializer.some((one) => one.name === name);
    const readers = this.readers(name);
    const shared = readers.length !== 1 || readers[0] !== reader ||
      reader.input.filter((input) => input === name).length !== 1 ||
      this.#graph.output.some((output) => output.name === name);
    const from = this.#constants.get(name);
    if (!own || shared) return this.#store(this.#context.fresh(name), tensor, from);
    this.#changed.set(name, madeFrom(from, name, tensor));
    return name;
  }

  /** Stores a new constant. @returns Its name, `base` or like it. */
  add(base: string, tensor: Tensor): string {
    return this.#store(this.#context.fresh(base), tensor, undefined);
  }

  #store(name: string, tensor: Tensor, from: TensorProto | undefined): string {
    this.#added.push(madeFrom(from, name, tensor));
    return name;
  }

  /** The graph with these nodes and what was stored; itself if nothing was. */
  apply(nodes: readonly NodeProto[]): GraphProto {
    const same = this.#changed.size === 0 && this.#added.length === 0 &&
      nodes.length === this.#graph.node.length &&
      nodes.every((node, i) => node === this.#graph.node[i]);
    if (same) return this.#graph;
    const kept = this.#graph.initializer.map((one) => this.#changed.get(one.name) ?? one);
    return { ...this.#graph, node: [...nodes], initializer: [...kept, ...this.#added] };
  }
}

/**
 * Puts float64 results into the type of the parameters they came from, rounding once. Undefined if
 * one does not fit: the largest float16 is 65,504.
 */
export function rounded(
  type: FloatType,
  dims: readonly number[],
  values: Float64Array,
): Tensor<FloatType> | undefined {
  const data = new ARRAYS[type](values);
  return allFinite(data) ? { type, dims, data } : undefined;
}

/**
 * A tensor with each run of `length` elements multiplied by the factor for its number, in float64 and
 * rounded once. Undefined if a product does not fit the type.
 */
export function scaleRuns(
  tensor: Tensor<FloatType>,
  length: number,
  factor: (run: number) => number,
): Tensor<FloatType> | undefined {
  const { type, dims, data: from } = tensor;
  const data = new ARRAYS[type](from.length);
  for (let run = 0, i = 0; i < data.length; run++) {
    const scale = factor(run);
    for (const end = i + length; i < end; i++) data[i] = from[i]! * scale;
  }
  return allFinite(data) ? { type, dims, data } : undefined;
}

const ARRAYS = { float32: Float32Array, float64: Float64Array, float16: Float16Elements };

/** A plain loop: weights are millions, and a function for each would take longer than the folding. */
function allFinite(values: ElementArrays[FloatType]): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}

/** Name for the bias of a node that had none, after its weight. */
export function biasName(weight: string): string {
  return weight.endsWith(".weight") ? weight.replace(/weight$/, "bias") : `${weight}_bias`;
}

/** A tensor times a factor; undefined if that makes numbers that the type does not have. */
export function times(tensor: Tensor<FloatType>, factor: number): Tensor<FloatType> | undefined {
  return factor === 1 ? tensor : scaleRuns(tensor, tensor.data.length, () => factor);
}

/** The node with a name in the scope of the one that it belongs to. */
export function named(made: NodeProto, { name }: NodeProto, parameters: Parameters): NodeProto {
  const scope = name.replace(/[^/]*$/, "");
  return { ...made, name: name && parameters.fresh(`${scope}${made.opType}`) };
}
