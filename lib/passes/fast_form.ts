import { consumers, pinned, producers } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { readIntegers } from "../onnx/read_integers.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { dimsOf, elementType, readTensorProto } from "../onnx/tensor_proto.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { elementTypes } from "./element_types.ts";
import { type PassContext, visibleConstants, visibleRanks } from "./pass.ts";
import type { NodeWriter } from "./replacement.ts";

/**
 * How near another form of an operator comes to its numbers. `identical`: the same bits, those of NaN, -0
 * and infinity among them. `exact`: 100 dB or more, which is the rounding of float32. `approximate`: less,
 * so that it counts in the budget of accuracy.
 * @category Passes (advanced)
 */
export type FormWord = "identical" | "exact" | "approximate";

/** Another way to write one kind of operator, which onnxruntime-web runs faster. */
export interface FastForm {
  readonly word: FormWord;
  /** Operators at which it looks: the last one, of a chain. */
  readonly opTypes: readonly string[];
  /**
   * What writes it in the place of a node. Undefined where it does not fit, or would not be faster.
   */
  readonly match: (
    node: NodeProto,
    facts: FormFacts,
  ) => ((write: NodeWriter) => string) | undefined;
}

/** Options for {@linkcode FormFacts}. */
export interface FormFactsOptions {
  readonly shapes: ShapeMap | undefined;
  /** Whether the graph is the body of an If, Loop or Scan. */
  readonly isBody: boolean;
}

/** What forms ask of the graph around a node. */
export class FormFacts {
  readonly #constants: ReadonlyMap<string, TensorProto>;
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #readers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly #pinned: ReadonlySet<string>;
  readonly #types: ReadonlyMap<string, number>;
  readonly #ranks: ReadonlyMap<string, number>;
  readonly #shapes: ShapeMap | undefined;
  readonly #sizeUntold: number;

  constructor(graph: GraphProto, context: PassContext, { shapes, isBody }: FormFactsOptions) {
    this.#constants = visibleConstants(graph, context);
    this.#makers = producers(graph);
    this.#readers = consumers(graph);
    this.#pinned = pinned(graph);
    this.#types = elementTypes(graph, this.#constants);
    this.#ranks = visibleRanks(graph, context);
    this.#shapes = shapes;
    // What a loop repeats is one step of a sequence, most often.
    this.#sizeUntold = isBody ? 0 : Infinity;
  }

  /** The node of the standard that makes a value, if it is one of these types. */
  maker(name: string | undefined, ...opTypes: readonly string[]): NodeProto | undefined {
    const node = this.#makers.get(name ?? "");
    return node && isStandard(node) && opTypes.includes(node.opType) ? node : undefined;
  }

  /**
   * Whether the runtime writes the result of a node over its input: that is made by another node, and nobody
   * needs it any more. Many kernels then go element by element, with a branch at each.
   */
  overwrites({ input: [x = ""], output: [y] }: NodeProto): boolean {
    if (!this.#makers.has(x) || this.#pinned.has(x)) return false;
    return this.readers(y)?.every((reader) => !reader.input.includes(x)) ?? true;
  }

  /** The nodes that read a value; undefined if the graph's outputs or a body read it, too. */
  readers(name: string | undefined): readonly NodeProto[] | undefined {
    return this.#pinned.has(name ?? "") ? undefined : this.#readers.get(name ?? "") ?? [];
  }

  /** Whether one node, and nothing else, reads a value. */
  isReadOnce(name: string | undefined): boolean {
    return this.readers(name)?.length === 1;
  }

  /** The value of a float32 constant of one element, which adds no dimensions to what it meets. */
  scalar(name: string | undefined): number | undefined {
    const tensor = this.#constants.get(name ?? "");
    if (tensor?.dataType !== DataType.FLOAT) return undefined;
    if (tensor.dims.length > 1 || elementCount(dimsOf(tensor)) !== 1) return undefined;
    return Number(readTensorProto(tensor).data[0]);
  }

  /** The elements of a constant of integers. */
  integers(name: string | undefined): readonly number[] | undefined {
    return readIntegers(this.#constants.get(name ?? ""));
  }

  /** Whether a value is known to be of float32. */
  isFloat32(name: string | undefined): boolean {
    const told = this.#types.get(name ?? "");
    const type = told === undefined ? this.#shapes?.get(name)?.type : elementType(told);
    return type === "float32";
  }

  /** Number of dimensions, as far as known. */
  rank(name: string | undefined): number | undefined {
    return this.#ranks.get(name ?? "") ?? this.#shapes?.get(name)?.dims.length;
  }

  /** Shape of a constant, or as the sample has it. */
  lengths(name: string | undefined): readonly number[] | undefined {
    const constant = this.#constants.get(name ?? "");
    return constant ? dimsOf(constant) : this.#shapes?.get(name)?.dims;
  }

  /** A constant of float32. */
  floats(name: string | undefined): Tensor<"float32"> | undefined {
    const constant = this.#constants.get(name ?? "");
    if (constant?.dataType !== DataType.FLOAT) return undefined;
    return readTensorProto(constant) as Tensor<"float32">;
  }

  /** Length of an axis in the sample, if no open dimension changes it. */
  fixedLength(name: string | undefined, axis: number): number | undefined {
    const shape = this.#shapes?.get(name);
    return shape?.depends[axis]?.length === 0 ? this.#shapes?.fix(name, [axis])?.[0] : undefined;
  }

  /** Elements of a value in the sample; infinitely many where no sample tells, none in a body. */
  size(name: string | undefined): number {
    const shape = this.#shapes?.get(name);
    return shape ? elementCount(shape.dims) : this.#sizeUntold;
  }
}

/** A float32 constant of one number, stored once for all nodes that want the same. @returns Its name. */
export function scalarConstant(write: NodeWriter, value: number): string {
  const data = Float32Array.of(value);
  return write.weight("scalar", String(value), () => ({ type: "float32", dims: [], data }));
}
