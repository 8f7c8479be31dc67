import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { constants, consumers, namesRead, producers, subgraphs } from "./graph.ts";
import type { Model } from "./model.ts";
import { nonTensors } from "./non_tensors.ts";
import {
  GraphProtoSchema,
  type NodeProto,
  type TensorProto,
  type TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";
import { dataTypes } from "./tensor_proto.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";

/** A part of a network that runs by itself. */
export interface Subgraph {
  readonly model: Model;
  /** What it is fed to do what it did in the network. */
  readonly feeds: Feeds;
}

/** Takes parts out of a network, as models of their own with fixed shapes. */
export class Extractor {
  readonly #model: Model;
  readonly #values: ReadonlyMap<string, Tensor>;
  readonly #constants: ReadonlyMap<string, TensorProto>;
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #readers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly #given: ReadonlySet<string>;
  readonly #others: ReadonlySet<string>;
  readonly #fixed = new Map<NodeProto, boolean>();

  /** @param values What a run of the network gave, by name: shapes are taken from there. */
  constructor(model: Model, values: ReadonlyMap<string, Tensor>) {
    const { graph } = model;
    this.#model = model;
    this.#values = values;
    this.#constants = constants(graph);
    this.#makers = producers(graph);
    this.#readers = consumers(graph);
    this.#given = new Set(graph.output.map(({ name }) => name));
    this.#others = nonTensors(graph);
  }

  /** Whether a node reads only what is known before the network runs: it is computed when it loads. */
  isConstant(node: NodeProto): boolean {
    const known = this.#fixed.get(node);
    if (known !== undefined) return known;
    const read = [...namesRead(node)];
    const fixed = node.opType === "Constant" || read.length > 0 && read.every((name) => {
          const maker = this.#makers.get(name);
          return this.#constants.has(name) || maker !== undefined && this.isConstant(maker);
        });
    this.#fixed.set(node, fixed);
    return fixed;
  }

  /** Whether a node handles nothing but tensors: a sequence can neither be fed nor be asked for. */
  canTake(node: NodeProto): boolean {
    return [...namesRead(node), ...node.output].every((name) => !this.#others.has(name));
  }

  /** What of these nodes other nodes read, or the network gives. */
  outputsOf(nodes: readonly NodeProto[]): string[] {
    const members = new Set(nodes);
    return nodes.flatMap(({ output }) => output).filter((name) =>
      name !== "" && (this.#given.has(name) ||
        this.#readers.get(name)?.some((reader) => !members.has(reader)))
    );
  }

  /** What these nodes read of others, constants aside. */
  inputsOf(nodes: readonly NodeProto[]): string[] {
    const members = new Set(nodes);
    const read = new Set(nodes.flatMap((node) => [...namesRead(node)]));
    return [...read].filter((name) => {
      if (this.#constants.has(name)) return false;
      const maker = this.#makers.get(name);
      return !maker || !members.has(maker) && !this.isConstant(maker);
    });
  }

  /**
   * Some nodes with their weights, and with what makes constants for them. What they read of other
   * nodes becomes inputs, what others read of them becomes outputs.
   *
   * @param nodes In order.
   */
  take(nodes: readonly NodeProto[]): Subgraph {
    const fixed = new Map<string, TensorProto>();
    const makers = new Set<NodeProto>();
    const members = new Set(nodes);
    const need = (name: string) => {
      const constant = this.#constants.get(name);
      const maker = this.#makers.get(name);
      if (constant) fixed.set(name, constant);
      else if (maker && !members.has(maker) && !makers.has(maker) && this.isConstant(maker)) {
        for (const inner of namesRead(maker)) need(inner);
        makers.add(maker); // behind what it reads
      }
    };
    for (const node of nodes) for (const name of namesRead(node)) need(name);
    const inputs = this.inputsOf(nodes);
    // A branch that is not taken may be for other shapes, and must not be checked against these.
    const declare = nodes.some((node) => subgraphs(node).length > 0) ? typeInfo : valueInfo;
    const graph = create(GraphProtoSchema, {
      name: this.#model.graph.name,
      node: [...makers, ...nodes].filter(({ opType }) => opType !== "Constant"),
      initializer: [...fixed].map(([name, tensor]) => ({ ...tensor, name })),
      input: inputs.map((name) => declare(name, this.#value(name))),
      output: this.outputsOf(nodes).map((name) => declare(name, this.#values.get(name))),
    });
    const feeds = Object.fromEntries(inputs.map((name) => [name, this.#value(name)]));
    return { model: this.#model.withGraph(graph), feeds };
  }

  #value(name: string): Tensor {
    const value = this.#values.get(name);
    if (value) return value;
    throw new RangeError(`Cannot take a part of ${this.#model.name}: no value of "${name}"`);
  }
}

/** Declares a value by what it was in a run; without that, by its name alone. */
export function valueInfo(name: string, tensor?: Tensor): ValueInfoProto {
  const dim = tensor?.dims.map((length) => ({
    value: { case: "dimValue" as const, value: BigInt(length) },
  }));
  return tensor ? declared(name, tensor, dim) : create(ValueInfoProtoSchema, { name });
}

/** Declares the type of a value, and leaves its shape open. */
function typeInfo(name: string, tensor?: Tensor): ValueInfoProto {
  return tensor ? declared(name, tensor) : create(ValueInfoProtoSchema, { name });
}

function declared(
  name: string,
  { type }: Tensor,
  dim?: MessageInitShape<typeof TensorShapeProtoSchema>["dim"],
): ValueInfoProto {
  const value = create(TypeProto_TensorSchema, {
    elemType: dataTypes[type],
    ...(dim && { shape: { dim } }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value } }),
  });
}
