import { type AttributeValue, makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { CONTRIB_DOMAIN } from "../onnx/contrib.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Emitter } from "./emitter.ts";
import { madeFrom } from "./made_from.ts";
import { type PassContext, visibleConstants } from "./pass.ts";
import { removeDead } from "./remove_dead.ts";

/**
 * Options that every rewrite of single nodes takes.
 * @category Passes (advanced)
 */
export interface RewriteOptions {
  /** Which nodes to rewrite, of those that can be. @default {all} */
  select?: (node: NodeProto) => boolean;
}

/**
 * Writes what takes the place of one node, in its scope: `/layer1/conv1/Gemm` for
 * `/layer1/conv1/Conv`, so that it belongs to the same module of the network. Names of values are kept
 * short (`conv1/Gemm`): there are many, and a file repeats them often.
 */
export class NodeWriter extends Emitter {
  readonly #prefix: string;
  readonly #weights: WeightForms;

  constructor({ name, output }: NodeProto, { fresh }: PassContext, weights: WeightForms) {
    const [, prefix = "", scope] = /^(.*\/)?([^/]+)\/[^/]*$/.exec(name) ?? [];
    // A name without scopes must not look as if it had one.
    const plain = (base: string) => fresh(base.replaceAll("/", "_"));
    super(scope === undefined ? plain : fresh, scope ?? (name || output[0] || "node"));
    this.#prefix = prefix;
    this.#weights = weights;
  }

  override addMany(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    called: string = opType,
  ): string[] {
    const name = this.name(called);
    const names = outputs === 1
      ? [name]
      : Array.from({ length: outputs }, (_, i) => this.name(`${called}_${i}`));
    this.nodes.push(makeNode(opType, inputs, names, attributes, { name: this.#prefix + name }));
    return names;
  }

  /** Adds a node that is not called after its operator. @returns The name of its output. */
  addCalled(
    called: string,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.addMany(opType, inputs, 1, attributes, called)[0]!;
  }

  /** Adds a node with the operator and the attributes of another. @returns The name of its output. */
  again({ opType, attribute }: NodeProto, inputs: readonly string[]): string {
    const y = this.add(opType, inputs);
    this.nodes.push({ ...this.nodes.pop()!, attribute });
    return y;
  }

  /** Adds a node of an operator that onnxruntime has beside the standard's. @returns The name of its output. */
  addContrib(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
  ): string {
    const y = this.add(opType, inputs, attributes);
    this.nodes.push({ ...this.nodes.pop()!, domain: CONTRIB_DOMAIN });
    return y;
  }

  /** Reads parts of a value along an axis, in this order. @returns The name of the result. */
  gather(x: string, indices: readonly number[], axis: number): string {
    const stored = this.constant("indices", {
      type: "int32", // half of int64, and lists can be long
      dims: [indices.length],
      data: Int32Array.from(indices),
    });
    return this.add("Gather", [x, stored], { axis });
  }

  /** A weight in another form, stored once for all nodes that want the same. @returns Its name. */
  weight(name: string, form: string, make: () => Tensor): string {
    return this.#weights.get(JSON.stringify([name, form]), `${name}_${form}`, make, name);
  }

  /** A short constant, stored once for all nodes that want the same. @returns Its name. */
  shared(base: string, tensor: Tensor<"float32" | "int32">): string {
    const key = JSON.stringify([tensor.type, tensor.dims, [...tensor.data]]);
    return this.#weights.get(key, base, () => tensor);
  }
}

/** What a pass stores for all nodes that it rewrites: weights in other forms. */
class WeightForms {
  readonly tensors: TensorProto[] = [];
  readonly #fresh: (base: string) => string;
  readonly #names = new Map<string, string>();

  readonly #constants: () => ReadonlyMap<string, TensorProto>;

  constructor({ fresh }: PassContext, constants: () => ReadonlyMap<string, TensorProto>) {
    this.#fresh = fresh;
    this.#constants = constants;
  }

  /** @param from Name of the constant that it is made from, if it is from one. */
  get(key: string, base: string, make: () => Tensor, from?: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.#fresh(base);
    const source = from === undefined ? undefined : this.#constants().get(from);
    this.tensors.push(madeFrom(source, name, make()));
    this.#names.set(key, name);
    return name;
  }
}

/**
 * Goes through a graph and lets `rewrite` write nodes in the place of others. Weights that nobody reads
 * any more go.
 *
 * @param rewrite Writes the new nodes, one of which makes the value that it returns; that one takes
 * the name of the old node's first output. Undefined leaves the node as it is.
 * @returns The graph itself if nothing was rewritten.
 */
export function replaceNodes(
  graph: GraphProto,
  context: PassContext,
  rewrite: (node: NodeProto, write: NodeWriter) => string | undefined,
): GraphProto {
  let constants: ReadonlyMap<string, TensorProto> | undefined;
  const weights = new WeightForms(context, () => constants ??= visibleConstants(graph, context));
  const added: TensorProto[] = [];
  let changed = false;
  const node = graph.node.flatMap((old) => {
    const write = new NodeWriter(old, context, weights);
    const result = rewrite(old, write);
    if (result === undefined) return [old];
    changed = true;
    added.push(...write.initializers);
    const [y = ""] = old.output;
    return write.nodes.map((made) => {
      const output = made.output.map((name) => name === result ? y : name);
      const placed = { ...made, output, metadataProps: old.metadataProps };
      context.origins.inherit(placed, old);
      return placed;
    });
  });
  if (!changed) return graph;
  const initializer = [...graph.initializer, ...weights.tensors, ...added];
  return removeDead({ ...graph, node, initializer });
}
