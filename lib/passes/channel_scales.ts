import type { GraphProto } from "../onnx/onnx_pb.ts";
import type { ChannelSite } from "./channel_sites.ts";
import { type FloatType, Parameters, rounded } from "./parameters.ts";
import type { PassContext } from "./pass.ts";
import type { WeightChannels } from "./weight_channels.ts";

/**
 * Factors for the channels of many sites, whose weights may meet: those of a depthwise Conv stand
 * behind one site and in front of the next. Weights are multiplied in float64 and rounded once, when
 * all factors are known.
 */
export class ChannelScales {
  /** By the name of a constant: the factor of each of its output and input channels. */
  readonly #outputs = new Map<string, Float64Array>();
  readonly #inputs = new Map<string, Float64Array>();

  /** Divides what makes the channels of a site by these factors, and multiplies what reads them. */
  scale({ source, readers }: ChannelSite, factors: Float64Array): void {
    const made = [...source.weights ? [source.weights.name] : [], ...source.perChannel.map(nameOf)];
    for (const name of made) multiply(this.#outputs, name, factors.map((factor) => 1 / factor));
    for (const { weights, run } of readers) {
      const factorOf = (_: unknown, input: number) => factors[Math.floor(input / run)]!;
      multiply(this.#inputs, weights.name, Float64Array.from({ length: weights.inputs }, factorOf));
    }
  }

  /** The largest magnitude among the weights that make each channel of a site, as scaled so far. */
  madeBy({ source, channels }: ChannelSite): Float64Array {
    const largest = new Float64Array(channels);
    const { weights } = source;
    if (weights) this.#each(weights, (size, output) => raise(largest, output, size));
    return largest;
  }

  /** The largest magnitude among the weights that read each channel of a site, as scaled so far. */
  readBy({ readers, channels }: ChannelSite): Float64Array {
    const largest = new Float64Array(channels);
    for (const { weights, run } of readers) {
      this.#each(weights, (size, _, input) => raise(largest, Math.floor(input / run), size));
    }
    return largest;
  }

  /** The graph with all factors in its weights; undefined if one does not fit its type. */
  apply(
    graph: GraphProto,
    sites: readonly ChannelSite[],
    context: PassContext,
  ): GraphProto | undefined {
    const parameters = new Parameters(graph, context);
    const weights = new Map(
      sites.flatMap(({ source, readers }) => [
        ...source.weights ? [source.weights] : [],
        ...readers.map(({ weights }) => weights),
      ]).map((one) => [one.name, one]),
    );
    for (const [name, one] of weights) {
      const scaled = new Float64Array(one.tensor.data.length);
      const [outputs, inputs] = [this.#outputs.get(name), this.#inputs.get(name)];
      if (!outputs && !inputs) continue;
      one.each((i, output, input) => {
        scaled[i] = one.tensor.data[i]! * (outputs?.[output] ?? 1) * (inputs?.[input] ?? 1);
      });
      const tensor = rounded(one.tensor.type, one.tensor.dims, scaled);
      if (!tensor) return undefined;
      parameters.replace(name, tensor, one.node);
    }
    for (const { name, node } of sites.flatMap(({ source }) => source.perChannel)) {
      const factors = this.#outputs.get(name);
      const old = parameters.read(name)!;
      const scaled = factors?.map((factor, c) => old.data[c]! * factor);
      const tensor = scaled && rounded(old.type as FloatType, old.dims, scaled);
      if (scaled && !tensor) return undefined;
      if (tensor) parameters.replace(name, tensor, node);
    }
    return parameters.apply(graph.node);
  }

  #each(
    weights: WeightChannels,
    visit: (magnitude: number, output: number, input: number) => void,
  ): void {
    const { name, tensor: { data } } = weights;
    const [outputs, inputs] = [this.#outputs.get(name), this.#inputs.get(name)];
    weights.each((i, output, input) => {
      visit(Math.abs(data[i]! * (outputs?.[output] ?? 1) * (inputs?.[input] ?? 1)), output, input);
    });
  }
}

function nameOf({ name }: { name: string }): string {
  return name;
}

function raise(largest: Float64Array, at: number, value: number): void {
  if (value > largest[at]!) largest[at] = value;
}

function multiply(all: Map<string, Float64Array>, name: string, factors: Float64Array): void {
  const known = all.get(name);
  all.set(name, known ? known.map((factor, i) => factor * factors[i]!) : factors);
}
