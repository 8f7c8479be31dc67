import {
  type Calibration,
  CALIBRATION_FORMAT,
  calibrationFromJson,
  calibrationToJson,
} from "../calibrate/calibration.ts";
import { calibrate } from "../calibrate/calibrate.ts";
import { type Dataset, once } from "../data/dataset.ts";
import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import type { Metric } from "../evaluate/metric.ts";
import type { Model } from "../onnx/model.ts";
import { convert } from "../quantize/convert.ts";
import type { Decisions } from "../quantize/decide.ts";
import type { QConfigMapping } from "../quantize/mapping.ts";
import { prepare } from "../quantize/prepare.ts";
import { describeQConfig } from "../quantize/qconfig.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Effect, effect as effectRecord } from "../record/ablation_record.ts";
import { contentKey } from "../record/json.ts";
import { type Estimate, estimate } from "../record/metric_info.ts";
import type { Store } from "./store.ts";
import {
  type Baseline,
  type EffectSetup,
  measureBaseline,
  measureEffects,
} from "../replay/effects.ts";
import { onlyMapping } from "../quantize/only_mapping.ts";
import type { Layer } from "../quantize/layers.ts";
import { allButMapping, askedOf, makePart, type Part } from "./ablation_mode.ts";
import { Replay } from "../replay/replay.ts";

/** What an ablation is doing just now. */
export interface AblationProgress {
  readonly doing: string;
  readonly done: number;
  readonly of: number;
}

/** What an ablation works with. */
export interface SetupFields {
  /** Float32, with a name for each node. */
  readonly base: Model;
  readonly mapping: QConfigMapping;
  readonly decisions: Decisions;
  /** All that the mapping makes int8, and how they are joined. */
  readonly layers: readonly Layer[];
  readonly calibrationData: Dataset;
  /** Samples that are run by themselves. */
  readonly dataset: Dataset;
  readonly metric: Metric;
  readonly few: number;
  readonly seed: number;
  readonly resolution: number | undefined;
  readonly store: Store;
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: AblationProgress) => void;
}

/** A layer, or several, in a variant of the network. */
export interface Wanted {
  readonly part: Part;
  readonly layer: Layer;
}

/** What a variant does, and whether that was known. */
export interface KnownEffect<W extends Wanted> {
  readonly wanted: W;
  readonly effect: Effect;
  /** Taken from an earlier run. */
  readonly reused: boolean;
}

/**
 * Everything that variants are made of and measured against. What costs time is made when it is first
 * needed, so that an ablation whose effects are all stored runs nothing.
 */
export class Setup {
  readonly fields: SetupFields;
  readonly #options: { readonly runtime: Runtime; readonly signal?: AbortSignal };

  constructor(fields: SetupFields) {
    this.fields = fields;
    const { runtime, signal } = fields;
    this.#options = { runtime, ...(signal && { signal }) };
  }

  /** Ranges of whatever becomes int8 in some variant. */
  readonly calibration: () => Promise<Calibration> = once(async () => {
    const { base, mapping, decisions, layers, calibrationData: data, store } = this.fields;
    const asked = askedOf(decisions);
    const prepared = prepare(
      base,
      mapping,
      ...layers.map(({ nodes }) => onlyMapping(nodes, asked, mapping.observers)),
      ...layers.map(({ nodes }) => allButMapping(mapping, nodes)),
    );
    const content = {
      base: await base.hash(),
      data: await data.hash(),
      format: CALIBRATION_FORMAT,
    };
    const name = `ablation calibration ${contentKey({ ...content, tensors: prepared.tensors })}`;
    const stored = await store.document(name);
    if (stored !== undefined) return calibrationFromJson(stored);
    if (prepared.tensors.length === 0) return { samples: 0, statistics: new Map() };
    const onProgress = this.#counting("calibrating", data.length);
    const found = await calibrate(prepared, data, { ...this.#options, onProgress });
    await store.putDocument(name, calibrationToJson(found));
    return found;
  });

  /** Float32 on all samples. */
  readonly float32: () => Promise<Evaluation> = once(async () => {
    const { base, dataset, metric, runtime, signal } = this.fields;
    const onProgress = this.#counting("running float32", dataset.length);
    const options = { onProgress, ...(signal && { signal }) };
    return await evaluate(runtime, base, dataset, metric, undefined, options);
  });

  /** All layers int8. */
  readonly quantized = once(async () => {
    const { base, mapping } = this.fields;
    return convert(base, mapping, await this.calibration());
  });

  /** All layers int8. */
  readonly int8: () => Promise<{ effect: Effect; base: Baseline }> = once(async () => {
    this.fields.onProgress({ doing: "running all layers int8", done: 0, of: 1 });
    await this.calibration();
    const variant = { key: "int8", make: () => this.quantized() };
    return await measureBaseline(await this.#effectSetup(await this.#float32Replay()), variant);
  });

  readonly #float32Replay = once(() => this.#replay(this.fields.base));
  readonly #int8Replay = once(async () => this.#replay(await this.quantized()));

  /** The value of float32. */
  async baseline(): Promise<Estimate> {
    const { store } = this.fields;
    const key = await this.#key("float32", []);
    const stored = await store.document(key);
    if (stored !== undefined) return estimate.parse(stored);
    const { value } = await this.float32();
    await store.putDocument(key, value);
    return value;
  }

  /** What int8 in all layers does. */
  async int8Effect(): Promise<Effect> {
    const { store } = this.fields;
    const key = await this.#key("int8", []);
    const stored = await store.document(key);
    if (stored !== undefined) return effectRecord.parse(stored);
    const { effect } = await this.int8();
    await store.putDocument(key, effect);
    return effect;
  }

  /** What variants do: those that are stored first, then the others as they are measured. */
  async *effects<W extends Wanted>(
    all: readonly W[],
    doing: string,
  ): AsyncGenerator<KnownEffect<W>, void, void> {
    const { store, onProgress } = this.fields;
    const missing: { wanted: W; key: string; make: () => Promise<Model> }[] = [];
    for (const wanted of all) {
      const { part, layer } = wanted;
      const key = await this.#key(part, layer.nodes);
      const stored = await store.document(key);
      if (stored !== undefined) {
        yield { wanted, effect: effectRecord.parse(stored), reused: true };
        continue;
      }
      const make = () => makePart(part, layer, { ...this.fields, calibration: this.calibration });
      missing.push({ wanted, key, make });
    }
    if (missing.length === 0) return;
    await this.calibration();
    for (const fromInt8 of [false, true]) {
      const variants = missing.filter(({ wanted }) => (wanted.part === "allBut") === fromInt8);
      if (variants.length === 0) continue;
      const replay = await (fromInt8 ? this.#int8Replay() : this.#float32Replay());
      const setup = await this.#effectSetup(replay);
      const base = fromInt8 ? { base: (await this.int8()).base } : {};
      let done = 0;
      onProgress({ doing, done, of: variants.length });
      const measured = measureEffects({ ...setup, ...base }, variants);
      for await (const { variant: { wanted, key }, effect } of measured) {
        if (effect.error === undefined) await store.putDocument(key, effect);
        onProgress({ doing, done: ++done, of: variants.length });
        yield { wanted, effect, reused: false };
      }
    }
  }

  /** The content key of an effect: all that decides it, but what is in the identity of the store. */
  async #key(part: string, nodes: readonly string[]): Promise<string> {
    const { base, decisions, few, seed, resolution, mapping } = this.fields;
    const asked = askedOf(decisions);
    const named = part === "allBut" || part === "int8"
      ? decisions.all.map(({ node }) => node.name)
      : nodes;
    return `ablation ${
      contentKey({
        part,
        method: METHOD,
        base: await base.hash(),
        nodes: [...nodes],
        forms: named.map((node) => [node, describeQConfig(asked(node))]),
        int8Tensors: [...mapping.int8Tensors ?? []],
        observers: [...mapping.observers ?? []].map(([name, observer]) => [name, observer.name]),
        ...{ few, seed, resolution: resolution ?? null },
      })
    }`;
  }

  #counting(doing: string, of: number): (done: number) => void {
    const { onProgress } = this.fields;
    onProgress({ doing, done: 0, of });
    return (done) => onProgress({ doing, done, of });
  }

  /** What effects are measured against. */
  async #effectSetup(replay: Replay): Promise<EffectSetup> {
    const { metric, few, seed } = this.fields;
    const float32 = await this.float32();
    const resolution = this.fields.resolution ?? defaultResolution(metric, float32);
    return { replay, metric, float32, few, seed, resolution };
  }

  #replay(model: Model): Promise<Replay> {
    const { dataset, runtime, signal } = this.fields;
    return Replay.open(model, dataset, runtime, signal ? { signal } : {});
  }
}

/** Number of the rules by which samples are left out: effects of other rules are measured again. */
const METHOD = 2;

/** What the metric says, or 1 % of float32's value. */
function defaultResolution({ resolution }: Metric, { value }: Evaluation): number {
  return resolution ?? Math.abs(value.value) / 100;
}
