import { pinned } from "../onnx/graph.ts";
import { floatAttribute, intAttribute, isStandard, stringAttribute } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { Parameters } from "./parameters.ts";
import { type PassContext, visibleRanks } from "./pass.ts";
import { isOwn, type WeightChannels, weightChannels } from "./weight_channels.ts";

/**
 * A place where the channels of an activation can be scaled without changing what the network computes:
 * what makes them is linear in weights and a bias of its own, all that reads them is linear in weights
 * of its own, and whatever lies between commutes with a positive factor for each channel.
 */
export interface ChannelSite {
  readonly channels: number;
  /** Makes the channels: divided by the factors. */
  readonly source: ChannelSource;
  /** Read the channels, or `run` neighbouring inputs for each of them: multiplied by the factors. */
  readonly readers: readonly { readonly weights: WeightChannels; readonly run: number }[];
  /** The values that the readers read. */
  readonly tensors: ReadonlySet<string>;
}

/** What makes the channels of a {@linkcode ChannelSite}. */
export interface ChannelSource {
  readonly node: NodeProto;
  /** Where weights connect channels; absent where each channel has but a factor of its own. */
  readonly weights?: WeightChannels;
  /** Constants with one element for each channel, scaled as a bias is, with the node that reads each. */
  readonly perChannel: readonly { readonly name: string; readonly node: NodeProto }[];
}

/** Where the channels of a value lie. */
interface Place {
  /** Axis 1 of a map, or the last axis of anything. */
  readonly axis: "second" | "last";
  /** Whether each channel is a run of neighbours: a map that was flattened. */
  readonly flattened: boolean;
}

/** What makes channels, how many, where they lie, and the name of the value that holds them. */
interface Source {
  readonly source: ChannelSource;
  readonly channels: number;
  readonly axis: Place["axis"];
  readonly output: string;
}

interface Found {
  readonly readers: ChannelSite["readers"][number][];
  readonly tensors: Set<string>;
}

/**
 * Finds the places where channels can be scaled: Conv, ConvTranspose, Gemm, MatMul and Mul by a constant
 * (with the Add behind it), and LayerNormalization, in front of any number of Conv, ConvTranspose, Gemm and MatMul; between
 * them Relu, LeakyRelu, pools, Resize and Flatten. A Clip is in the way, and so are residual Adds,
 * weights that several nodes read or lay out, and outputs of the graph.
 */
export function channelSites(graph: GraphProto, context: PassContext): ChannelSite[] {
  const search = new Search(graph, context);
  return graph.node.flatMap((node) => search.siteAt(node) ?? []);
}

class Search {
  readonly #parameters: Parameters;
  readonly #kept: ReadonlySet<string>;
  readonly #ranks: ReadonlyMap<string, number>;

  constructor(graph: GraphProto, context: PassContext) {
    this.#parameters = new Parameters(graph, context);
    this.#kept = pinned(graph);
    this.#ranks = visibleRanks(graph, context);
  }

  siteAt(node: NodeProto): ChannelSite | undefined {
    const made = this.#source(node);
    if (!made) return undefined;
    const { source, channels, axis, output } = made;
    const found: Found = { readers: [], tensors: new Set() };
    if (!this.#follow(output, { axis, flattened: false }, channels, found)) return undefined;
    return found.readers.length > 0 ? { source, channels, ...found } : undefined;
  }

  #source(node: NodeProto): Source | undefined {
    if (!isStandard(node) || !node.output[0]) return undefined;
    const [output] = node.output as [string];
    switch (node.opType) {
      case "Conv":
      case "ConvTranspose":
      case "Gemm": {
        const weights = weightChannels(node, this.#parameters);
        if (!weights) return undefined;
        const channels = weights.outputs;
        const perChannel = this.#perChannel(node, [2], channels);
        const axis = node.opType === "Gemm" ? "last" : "second";
        return perChannel && { source: { node, weights, perChannel }, channels, axis, output };
      }
      case "MatMul": {
        const weights = weightChannels(node, this.#parameters);
        if (!weights) return undefined;
        const channels = weights.outputs;
        const add = this.#biasAdd(output, channels);
        const source = { node, weights, perChannel: add ? [add] : [] };
        return { source, channels, axis: "last", output: add?.node.output[0] ?? output };
      }
      case "LayerNormalization": {
        const scale = this.#parameters.read(node.input[1]);
        if (scale?.dims.length !== 1 || intAttribute(node, "axis", -1) !== -1) return undefined;
        const channels = scale.data.length;
        const perChannel = this.#perChannel(node, [1, 2], channels);
        return perChannel && { source: { node, perChannel }, channels, axis: "last", output };
      }
      case "Mul": { // by the scale of a LayerNorm, say, and plus its bias
        const name = node.input.find((input) => this.#parameters.read(input)) ?? "";
        const scale = this.#parameters.read(name);
        if (scale?.dims.length !== 1 || scale.data.length === 1) return undefined;
        if (!isOwn(name, node, this.#parameters)) return undefined;
        const channels = scale.data.length;
        const add = this.#biasAdd(output, channels);
        const perChannel = [{ name, node }, ...add ? [add] : []];
        const source = { node, perChannel };
        return { source, channels, axis: "last", output: add?.node.output[0] ?? output };
      }
      default:
        return undefined;
    }
  }

  /** Own constants of a node with one element for each channel; undefined if one is anything else. */
  #perChannel(node: NodeProto, inputs: readonly number[], channels: number) {
    const named = inputs.flatMap((input) => node.input[input] || []);
    const fit = named.every((name) =>
      this.#parameters.read(name)?.data.length === channels && isOwn(name, node, this.#parameters)
    );
    return fit ? named.map((name) => ({ name, node })) : undefined;
  }

  /** The Add of a bias that alone reads a value. */
  #biasAdd(name: string, channels: number) {
    const readers = this.#parameters.readers(name);
    const [node] = readers;
    if (readers.length !== 1 || this.#kept.has(name) || node?.opType !== "Add") return undefined;
    const bias = node.input.find((input) => input !== name) ?? "";
    const tensor = this.#parameters.read(bias);
    const fits = tensor?.dims.length === 1 && tensor.data.length === channels;
    return fits && isOwn(bias, node, this.#parameters) ? { name: bias, node } : undefined;
  }

  /** Collects all that reads a value; false if something is in the way. */
  #follow(name: string, at: Place, channels: number, found: Found): boolean {
    if (this.#kept.has(name)) return false;
    return this.#parameters.readers(name).every((node) => {
      const once = node.input.filter((input) => input === name).length === 1;
      if (!isStandard(node) || !once || node.input[0] !== name) return false;
      const weights = weightChannels(node, this.#parameters);
      if (!weights) {
        const next = this.#behind(node, name, at);
        return next !== undefined && this.#follow(node.output[0]!, next, channels, found);
      }
      const axis: Place["axis"] = node.opType.startsWith("Conv") ? "second" : "last";
      const run = weights.inputs / channels;
      if (axis !== at.axis || !(at.flattened ? Number.isInteger(run) : run === 1)) return false;
      found.readers.push({ weights, run });
      found.tensors.add(name);
      return true;
    });
  }

  /** Where the channels are behind a node that lets positive factors through. */
  #behind(node: NodeProto, name: string, at: Place): Place | undefined {
    if (node.output.slice(1).some((other) => other)) return undefined;
    switch (node.opType) {
      case "Relu":
      case "Identity":
        return at;
      case "LeakyRelu":
        return floatAttribute(node, "alpha", 0.01) >= 0 ? at : undefined;
      case "Resize": {
        const mode = stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
        return at.axis === "second" && mode !== "tf_crop_and_resize" ? at : undefined;
      }
      case "MaxPool":
      case "AveragePool":
      case "GlobalAveragePool":
      case "GlobalMaxPool":
        return at.axis === "second" ? at : undefined;
      case "Flatten":
        if (intAttribute(node, "axis", 1) !== 1) return undefined;
        if (at.axis === "second") return { axis: "last", flattened: true };
        return this.#ranks.get(name) === 2 ? at : undefined;
      default:
        return undefined;
    }
  }
}
