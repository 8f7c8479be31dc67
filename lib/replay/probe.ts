import { create } from "@bufbuild/protobuf";
import type { NetworkFacts } from "../cost/network_facts.ts";
import { Extractor } from "../onnx/extract.ts";
import { consumers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { type NodeProto, ValueInfoProtoSchema } from "../onnx/onnx_pb.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import { meanNoiseShare } from "../evaluate/closeness.ts";

/**
 * Finds out what a change somewhere in a network does to its outputs, on a few samples. Float32 has
 * been run once, with all values kept that anything behind a change can read; only what comes after a
 * change is run again.
 */
export class Probe {
  readonly #runtime: Runtime;
  readonly #network: NetworkFacts;
  readonly #extractor: Extractor;
  readonly #readers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly #values: readonly ReadonlyMap<string, Tensor>[];
  readonly outputs: readonly string[];
  readonly #signal?: AbortSignal;

  private constructor(
    network: NetworkFacts,
    values: readonly ReadonlyMap<string, Tensor>[],
    options: ProbeOptions,
  ) {
    this.#network = network;
    this.#values = values;
    this.#extractor = new Extractor(network.model, values[0]!);
    this.#readers = consumers(network.model.graph);
    this.#runtime = options.runtime;
    this.#signal = options.signal;
    this.outputs = options.outputs;
  }

  /** Runs float32 on the samples, which all have the shapes of the network's. */
  static async open(
    network: NetworkFacts,
    samples: readonly Feeds[],
    options: ProbeOptions,
  ): Promise<Probe> {
    const { runtime, signal } = options;
    const values: Map<string, Tensor>[] = [];
    for await (const results of runtime.run(withAllValues(network), samples, { signal })) {
      values.push(new Map(Object.entries({ ...samples[values.length]!, ...results })));
    }
    return new Probe(network, values, options);
  }

  /** What float32 gave, of each sample. */
  get values(): readonly ReadonlyMap<string, Tensor>[] {
    return this.#values;
  }

  /**
   * The noise at each output if a tensor has other values.
   *
   * @param changed The tensor's values in each sample, for each variant.
   * @returns For each variant, for each output.
   */
  async tensor(
    name: string,
    changed: readonly (readonly Float32Array[])[],
  ): Promise<number[][]> {
    const behind = this.#behind(this.#readers.get(name) ?? []);
    const known = this.outputs.includes(name);
    if (behind.length === 0 && !known) return changed.map(() => this.outputs.map(() => 0));
    const { model } = this.#extractor.take(behind);
    const runs: number[][] = [];
    for (const variant of changed) {
      const replaced = variant.map((data, s): [string, Tensor] => {
        return [name, { ...this.#values[s]!.get(name)!, data } as Tensor];
      });
      runs.push(
        await this.#run(behind.length > 0 ? model : undefined, (s) => [replaced[s]!]),
      );
    }
    return runs;
  }

  /**
   * The noise at each output if some nodes are written in another way.
   *
   * @param write Writes a model of these nodes and all behind them anew.
   */
  async nodes(nodes: readonly NodeProto[], write: (model: Model) => Model): Promise<number[]> {
    const members = new Set(nodes);
    const behind = this.#behind(
      nodes.flatMap(({ output }) => output.flatMap((name) => this.#readers.get(name) ?? [])),
    );
    const all = new Set([...members, ...behind]);
    const ordered = this.#network.model.graph.node.filter((node) => all.has(node));
    const { model } = this.#extractor.take(ordered);
    return await this.#run(write(model), () => []);
  }

  async #run(
    model: Model | undefined,
    replaced: (sample: number) => readonly [string, Tensor][],
  ): Promise<number[]> {
    const results: ReadonlyMap<string, Tensor>[] = [];
    if (model) {
      const names = model.graph.input.map(({ name }) => name);
      const feeds = this.#values.map((values, s) => {
        const other = new Map(replaced(s));
        return Object.fromEntries(
          names.map((name) => [name, other.get(name) ?? values.get(name)!]),
        );
      });
      const own = model.graph.output.map(({ name }) => name)
        .filter((name) => this.outputs.includes(name));
      if (own.length > 0) {
        const options = { outputs: own, signal: this.#signal };
        for await (const outputs of this.#runtime.run(model, feeds, options)) {
          results.push(new Map(Object.entries(outputs)));
        }
      }
    }
    const samples = this.#values.map((_, s) => new Map([...results[s] ?? [], ...replaced(s)]));
    return this.outputs.map((name) =>
      meanNoiseShare(
        this.#values.map((values) => values.get(name)!),
        samples.map((one) => one.get(name)),
      )
    );
  }

  /** All nodes that depend on some, these included, in order. */
  #behind(first: readonly NodeProto[]): NodeProto[] {
    const found = new Set(first);
    for (const node of found) {
      for (const name of node.output) {
        for (const reader of this.#readers.get(name) ?? []) found.add(reader);
      }
    }
    return this.#network.model.graph.node.filter((node) => found.has(node));
  }
}

/** Options for {@linkcode Probe.open}. */
export interface ProbeOptions {
  runtime: Runtime;
  /** Outputs at which noise is of interest. */
  outputs: readonly string[];
  signal?: AbortSignal;
}

/** The model with all that was seen of it as outputs, whose types the runtime infers. */
function withAllValues({ model, values }: NetworkFacts): Model {
  const { graph } = model;
  const given = new Set([...graph.output, ...graph.input].map(({ name }) => name));
  const taps = [...values.keys()].filter((name) => !given.has(name))
    .map((name) => create(ValueInfoProtoSchema, { name }));
  return model.withGraph({ ...graph, output: [...graph.output, ...taps] });
}
