import type { Layer } from "../../quantize/layers.ts";
import type { Effect, LayerPair } from "../../record/ablation_record.ts";
import type { MetricInfo } from "../../record/metric_info.ts";
import { mostSensitive } from "../../record/sensitivity_rank.ts";
import type { AblationMode } from "../../study/ablation_mode.ts";
import { type EffectAsk, joinLayers } from "../../study/effect_ask.ts";
import type { Strategy } from "../../study/strategy.ts";
import { pairOf } from "./pair_of.ts";

/** What is known of a layer: its effect in each mode. */
export type LayerEffects = Partial<Record<AblationMode, Effect>>;

/** Options of {@linkcode AblationStrategy}. */
export interface AblationStrategyOptions {
  readonly layers: readonly Layer[];
  /** How each layer is changed; the modes come one after the other. */
  readonly modes: readonly AblationMode[];
  /** Says which layers are the most sensitive. */
  readonly metric: Pick<MetricInfo, "higherIsBetter">;
  /** Number of the most sensitive layers that are measured in pairs. @default {0, no pairs} */
  readonly pairs?: number;
  /** Whether a layer can be changed so. @default {always} */
  readonly hasMode?: (mode: AblationMode, layer: Layer) => boolean;
}

/**
 * Asks what each layer does in each mode; then what the most sensitive ones do in pairs, to see whether
 * errors add up; then no more.
 *
 * @example
 * ```ts
 * import { AblationStrategy } from "./ablation_strategy.ts";
 * import assert from "node:assert/strict";
 * const layers = ["conv", "head"].map((name) => ({ name, path: "", ops: ["Conv"], nodes: [name] }));
 * const metric = { higherIsBetter: true };
 * const strategy = new AblationStrategy({ layers, modes: ["only"], metric, pairs: 2 });
 * for (const ask of strategy.ask()) strategy.tell(ask, { run: 8, samples: 8 });
 * const [pair, ...others] = strategy.ask();
 * assert.deepEqual(pair!.layer.nodes, ["conv", "head"]);
 * assert.equal(others.length, 0);
 * ```
 */
export class AblationStrategy implements Strategy<EffectAsk, Effect> {
  readonly #options: AblationStrategyOptions;
  readonly #effects = new Map<string, LayerEffects>();
  readonly #pairs: LayerPair[] = [];
  /** What is asked next, in order. */
  readonly #rounds: (() => EffectAsk[])[];

  constructor(options: AblationStrategyOptions) {
    this.#options = options;
    this.#rounds = [
      ...options.modes.map((mode) => () => this.#each(mode)),
      () => this.#mostSensitivePairs(),
    ];
  }

  /** What was told of layers, by name. */
  get effects(): ReadonlyMap<string, LayerEffects> {
    return this.#effects;
  }

  /** What was told of pairs, in the order in which it was. */
  get pairs(): readonly LayerPair[] {
    return this.#pairs;
  }

  ask(): EffectAsk[] {
    for (;;) {
      const round = this.#rounds.shift();
      if (!round) return [];
      const asks = round();
      if (asks.length > 0) return asks;
    }
  }

  tell({ mode, layer: { name }, pair }: EffectAsk, effect: Effect): void {
    if (pair) {
      const [a, b] = pair.map((name) => this.#effects.get(name)!.only!) as [Effect, Effect];
      this.#pairs.push(pairOf(pair, effect, [a, b]));
    } else {
      this.#effects.set(name, { ...this.#effects.get(name), [mode]: effect });
    }
  }

  #each(mode: AblationMode): EffectAsk[] {
    const { layers, hasMode = () => true } = this.#options;
    // All but the only one is float32.
    if (mode === "allBut" && layers.length === 1) return [];
    return layers.filter((layer) => hasMode(mode, layer)).map((layer) => ({ mode, layer }));
  }

  #mostSensitivePairs(): EffectAsk[] {
    const { layers, metric, pairs = 0 } = this.#options;
    const alone = layers.map((layer) => ({ layer, only: this.#effects.get(layer.name)?.only }));
    const measured = alone.filter(({ only }) => only !== undefined && only.error === undefined);
    const most = mostSensitive(measured, metric).slice(0, pairs).map(({ layer }) => layer);
    return most.flatMap((a, i) =>
      most.slice(i + 1).map((b) => ({
        mode: "only",
        layer: joinLayers(a, b),
        pair: [a.name, b.name] as const,
      }))
    );
  }
}
