import { type AttributeValue, makeNode } from "../onnx/node.ts";
import type { NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Writes nodes one after the other, and the constants they need, for a graph of opset 13 or later. */
export class Emitter {
  readonly nodes: NodeProto[];
  readonly initializers: TensorProto[];
  readonly #fresh: (base: string) => string;
  readonly #scope: string;
  readonly #constants = new Map<string, string>();

  /**
   * @param fresh Makes names that are free in the whole model.
   * @param scope What the names of all nodes and values begin with: `/gru/GRU/input`.
   * @param shared A writer whose nodes and constants this one adds to. @default {none}
   */
  constructor(fresh: (base: string) => string, scope: string, shared?: Emitter) {
    this.#fresh = fresh;
    this.#scope = scope;
    this.nodes = shared?.nodes ?? [];
    this.initializers = shared?.initializers ?? [];
  }

  /** Another writer of the same nodes and constants, under a longer scope. */
  within(part: string): Emitter {
    return new Emitter(this.#fresh, `${this.#scope}/${part}`, this);
  }

  /** Adds a node. @returns The name of its output. */
  add(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.addMany(opType, inputs, 1, attributes)[0]!;
  }

  /** Adds a node of several outputs. @returns Their names. */
  addMany(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string[] {
    const name = this.#fresh(`${this.#scope}/${opType}`);
    const names = Array.from({ length: outputs }, (_, i) => this.#fresh(`${name}_output_${i}`));
    this.nodes.push(makeNode(opType, inputs, names, attributes, { name }));
    return names;
  }

  /** A free name under the scope. */
  name(base: string): string {
    return this.#fresh(`${this.#scope}/${base}`);
  }

  /** Adds a constant. @returns Its name. */
  constant(base: string, tensor: Tensor): string {
    const name = this.name(base);
    this.initializers.push(makeTensorProto(name, tensor));
    return name;
  }

  /** A constant of int64, made once: a list, or a number as a scalar. @returns Its name. */
  int64(values: readonly number[] | number): string {
    const key = JSON.stringify(values);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const list = typeof values === "number" ? [values] : values;
    const dims = typeof values === "number" ? [] : [values.length];
    const made = this.constant("int64", {
      type: "int64",
      dims,
      data: BigInt64Array.from(list, BigInt),
    });
    this.#constants.set(key, made);
    return made;
  }

  /** Cuts a value into parts of these lengths; one part is the value itself. @returns Their names. */
  split(x: string, lengths: readonly number[], axis: number): string[] {
    if (lengths.length === 1) return [x];
    return this.addMany("Split", [x, this.int64(lengths)], lengths.length, { axis });
  }

  reshape(x: string, dims: readonly number[]): string {
    return this.add("Reshape", [x, this.int64(dims)]);
  }
}
