import type { Calibration } from "../calibrate/calibration.ts";
import { type Dataset, once } from "../data/dataset.ts";
import { evaluate, type Evaluation } from "../evaluate/evaluate.ts";
import type { Metric } from "../evaluate/metric.ts";
import type { Model } from "../onnx/model.ts";
import { convert } from "../quantize/convert.ts";
import type { Layer } from "../quantize/layers.ts";
import { prepare } from "../quantize/prepare.ts";
import { describeQConfig } from "../quantize/qconfig.ts";
import type { Effect } from "../record/ablation_record.ts";
import { effect as effectRecord } from "../record/effect_schema.ts";
import type { OnStep, Step } from "../record/event.ts";
import { contentKey } from "../record/json.ts";
import type { Estimate } from "../record/metric_info.ts";
import { estimate } from "../record/trial_schema.ts";
import { type Baseline, type EffectSetup, resolutionOf } from "../replay/effect_setup.ts";
import { measureBaseline, measureEffects } from "../replay/effects.ts";
import { Replay } from "../replay/replay.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  type AblationMode,
  askedOf,
  makeVariant,
  MODE_WORDS,
  modeMapping,
  type VariantSource,
} from "./ablation_mode.ts";
import { Calibrations } from "./calibrations.ts";
import type { EffectAsk } from "./effect_ask.ts";
import type { Experiment } from "./strategy.ts";
import type { StudyStore } from "./study_store.ts";

/** What variants are made of, and measured on. */
export interface EffectExperimentFields extends VariantSource {
  /** All that may be asked for, but pairs of them. */
  readonly layers: readonly Layer[];
  /** Where ranges come from. */
  readonly calibrationData: Dataset;
  /** Samples to measure on, each of which is run by itself. */
  readonly dataset: Dataset;
  readonly metric: Metric;
  /** Number of samples that every variant is run on. */
  readonly screening: number;
  /** Of the draw of samples. */
  readonly seed: number;
  /** Half the width of an interval that is narrow enough, where it was asked for. */
  readonly resolution: number | undefined;
  /** Keeps what is measured. */
  readonly study: StudyStore;
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
  readonly onStep: OnStep;
}

/**
 * Measures what int8 in some layers does to a network's metric and outputs. Each effect is stored before
 * it is given. What takes time (calibration, float32, all layers int8) is done when it is first needed,
 * so that nothing runs where all effects are stored.
 */
export class EffectExperiment implements Experiment<EffectAsk, Effect> {
  readonly fields: EffectExperimentFields;

  constructor(fields: EffectExperimentFields) {
    this.fields = fields;
  }

  async known({ mode, layer }: EffectAsk): Promise<Effect | undefined> {
    const stored = await this.fields.study.document(await this.#keyOf(mode, layer.nodes));
    return stored === undefined ? undefined : effectRecord.parse(stored);
  }

  /** Measures many at once. An effect that says why it could not be measured is not stored. */
  async *measure(
    asks: readonly EffectAsk[],
  ): AsyncGenerator<readonly [EffectAsk, Effect], void, void> {
    const [fromInt8, fromFloat32] = [true, false].map((isInt8) =>
      asks.filter(({ mode }) => (mode === "allBut") === isInt8)
    ) as [EffectAsk[], EffectAsk[]];
    if (fromFloat32.length > 0) {
      yield* this.#measure(fromFloat32, await this.#float32Setup());
    }
    if (fromInt8.length > 0) {
      yield* this.#measure(fromInt8, await this.#int8Setup());
    }
  }

  /** Statistics of whatever becomes int8 in some variant. */
  readonly calibration: () => Promise<Calibration> = once(async () => {
    const { base, mapping, layers, calibrationData, study, runtime, signal } = this.fields;
    const { tensors } = prepare(
      base,
      mapping,
      ...layers.map((layer) => modeMapping("only", layer, this.fields)),
      ...layers.map((layer) => modeMapping("allBut", layer, this.fields)),
    );
    if (tensors.length === 0) return { samples: 0, statistics: new Map() };
    const calibrations = new Calibrations(calibrationData, study, () => runtime);
    const count = this.#counting("calibration", calibrationData.length);
    return await calibrations.of(base, tensors, {
      onProgress: count,
      ...(signal && { signal }),
    });
  });

  /** The network with all layers int8. */
  readonly quantized = once(async () => {
    const { base, mapping } = this.fields;
    return convert(base, mapping, await this.calibration());
  });

  /** The value of float32 over all samples. */
  async baseline(): Promise<Estimate> {
    const { study } = this.fields;
    const key = await this.#keyOf("float32", []);
    const stored = await study.document(key);
    if (stored !== undefined) return estimate.parse(stored);
    const { value } = await this.#float32();
    await study.putDocument(key, value);
    return value;
  }

  /** What int8 in all layers does, if that has been measured. */
  async knownInt8(): Promise<Effect | undefined> {
    const stored = await this.fields.study.document(await this.#keyOf("int8", []));
    return stored === undefined ? undefined : effectRecord.parse(stored);
  }

  /**
   * What int8 in all layers does.
   *
   * @throws What went wrong, if it cannot be measured.
   */
  async int8(): Promise<Effect> {
    return await this.knownInt8() ?? (await this.#int8()).effect;
  }

  async *#measure(
    asks: readonly EffectAsk[],
    setup: EffectSetup,
  ): AsyncGenerator<readonly [EffectAsk, Effect], void, void> {
    const calibration = await this.calibration();
    const variants = await Promise.all(asks.map(async (ask) => ({
      ask,
      key: await this.#keyOf(ask.mode, ask.layer.nodes),
      make: () => makeVariant(ask.mode, ask.layer, this.fields, calibration),
    })));
    const count = this.#counting("effects of layers", asks.length, aboutOf(asks[0]!));
    let done = 0;
    for await (const { variant: { ask, key }, effect } of measureEffects(setup, variants)) {
      if (effect.error === undefined) await this.fields.study.putDocument(key, effect);
      count(++done);
      yield [ask, effect];
    }
  }

  readonly #float32: () => Promise<Evaluation> = once(async () => {
    const { base, dataset, metric, runtime, signal } = this.fields;
    const onProgress = this.#counting("float32", dataset.length);
    const options = { onProgress, ...(signal && { signal }) };
    return await evaluate(runtime, base, dataset, metric, undefined, options);
  });

  readonly #int8: () => Promise<{ effect: Effect; base: Baseline }> = once(async () => {
    await this.calibration();
    const setup = await this.#float32Setup();
    this.#counting("effects of layers", 1, "all layers int8");
    const variant = { key: "int8", make: () => this.quantized() };
    const measured = await measureBaseline(setup, variant);
    await this.fields.study.putDocument(await this.#keyOf("int8", []), measured.effect);
    return measured;
  });

  /** For variants of float32. */
  readonly #float32Setup = once(async () => await this.#setupOver(this.fields.base));

  /** For variants of the network with all layers int8. */
  readonly #int8Setup = once(async () => {
    const { base } = await this.#int8();
    return { ...await this.#setupOver(await this.quantized()), base };
  });

  async #setupOver(model: Model): Promise<EffectSetup> {
    const { dataset, metric, screening, seed, resolution: asked } = this.fields;
    const { runtime, signal } = this.fields;
    const float32 = await this.#float32();
    const replay = await Replay.open(model, dataset, runtime, signal ? { signal } : {});
    const resolution = resolutionOf(metric, float32.value.value, asked);
    return { replay, metric, float32, screening, seed, resolution };
  }

  /** The content key of an effect: all that decides it, save what is in the identity of the study. */
  async #keyOf(mode: AblationMode | "int8" | "float32", nodes: readonly string[]): Promise<string> {
    const { base, decisions, mapping, screening, seed, resolution } = this.fields;
    const asked = askedOf(decisions);
    const int8 = mode === "allBut" || mode === "int8"
      ? decisions.all.map(({ identity }) => identity.name)
      : nodes;
    const key = contentKey({
      mode,
      rules: SAMPLING_RULES,
      base: await base.hash(),
      nodes: [...nodes],
      forms: int8.map((node) => [node, describeQConfig(asked(node))]),
      int8Tensors: [...mapping.int8Tensors ?? []],
      observers: [...mapping.observers ?? []].map(([name, observer]) => [name, observer.name]),
      ...{ screening, seed, resolution: resolution ?? null },
    });
    return `effect ${key}`;
  }

  #counting(step: Step, of: number, about?: string): (done: number) => void {
    const count = (done: number) => this.fields.onStep({ step, done, of, ...(about && { about }) });
    count(0);
    return count;
  }
}

/** Raised when the rules by which samples are left out change: old effects are measured again. */
const SAMPLING_RULES = 2;

function aboutOf({ mode, pair }: EffectAsk): string {
  return pair ? "pairs of layers" : MODE_WORDS[mode];
}
