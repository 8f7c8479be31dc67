import assert from "node:assert/strict";
import type { Layer } from "../../../lib/quantize/layers.ts";
import type { Effect } from "../../../lib/record/ablation_record.ts";
import {
  AblationStrategy,
  type AblationStrategyOptions,
} from "../../../lib/strategy/ablate/ablation_strategy.ts";
import type { EffectAsk } from "../../../lib/study/effect_ask.ts";

const layer = (name: string): Layer => ({
  name,
  path: "",
  ops: ["Conv"],
  nodes: [name, `${name}_relu`],
});
const LAYERS = ["a", "b", "c"].map(layer);

const strategyOf = (options: Partial<AblationStrategyOptions> = {}) =>
  new AblationStrategy({
    layers: LAYERS,
    modes: ["only"],
    metric: { higherIsBetter: true },
    ...options,
  });

/** An effect on the metric with its interval, and the SQNR of the outputs, dB. */
function effect(low: number, value: number, high: number, dB = 40): Effect {
  return {
    ...{ run: 8, samples: 20, noise: 10 ** (-dB / 10) },
    difference: { value, low, high, n: 20 },
    sqnr: { value: dB, low: dB - 1, high: dB + 1, n: 8 },
  };
}

const shown = (asks: readonly EffectAsk[]) =>
  asks.map(({ mode, layer: { name } }) => `${mode} ${name}`).join(", ");

Deno.test("AblationStrategy asks for all layers in one mode after the other, and then for no more", () => {
  const strategy = strategyOf({ modes: ["only", "allBut"] });
  assert.equal(shown(strategy.ask()), "only a, only b, only c");
  assert.equal(shown(strategy.ask()), "allBut a, allBut b, allBut c");
  assert.deepEqual(strategy.ask(), []);
  assert.deepEqual(strategy.ask(), []);
});

Deno.test("AblationStrategy passes over layers that a mode does not have, and modes that no layer has", () => {
  const strategy = strategyOf({
    modes: ["weights", "activations", "only"],
    hasMode: (mode, { name }) => mode === "only" || mode === "activations" && name === "b",
  });
  assert.equal(shown(strategy.ask()), "activations b", "an empty list would end the study");
  assert.equal(shown(strategy.ask()), "only a, only b, only c");
});

Deno.test("AblationStrategy does not ask for all but the only layer: that is float32", () => {
  const strategy = strategyOf({ layers: [LAYERS[0]!], modes: ["allBut", "only"], pairs: 4 });
  assert.equal(shown(strategy.ask()), "only a");
  assert.deepEqual(strategy.ask(), [], "and one layer makes no pair");
});

Deno.test("AblationStrategy pairs the layers that lose significantly first, then those with most error", () => {
  const strategy = strategyOf({ pairs: 2 });
  const [a, b, c] = strategy.ask();
  strategy.tell(a!, effect(-3, -1, 1, 20)); // may be noise; its outputs are the worst
  strategy.tell(b!, effect(-3, -2, -1, 50));
  strategy.tell(c!, effect(-9, -4, 1, 30)); // the largest loss may be noise too
  assert.deepEqual(strategy.ask(), [{
    mode: "only",
    pair: ["b", "a"],
    layer: {
      ...{ name: "b + a", path: "", ops: ["Conv", "Conv"] },
      nodes: ["b", "b_relu", "a", "a_relu"],
    },
  }]);
});

Deno.test("AblationStrategy takes every two of the layers to pair, each once", () => {
  const strategy = strategyOf({ pairs: 3 });
  strategy.ask().forEach((ask, i) => strategy.tell(ask, effect(-9 + i, -8 + i, -7 + i)));
  assert.equal(shown(strategy.ask()), "only a + b, only a + c, only b + c");
});

Deno.test("AblationStrategy pairs no layer that failed, or of which nothing was told", () => {
  const strategy = strategyOf({ pairs: 3 });
  const [a, b] = strategy.ask();
  strategy.tell(a!, { run: 3, samples: 20, error: "out of memory" });
  strategy.tell(b!, effect(-1, 0, 1));
  assert.deepEqual(strategy.ask(), []);
});

Deno.test("AblationStrategy collects what it is told: effects by layer, and pairs against each alone", () => {
  const strategy = strategyOf({ modes: ["only", "allBut"], pairs: 2 });
  for (const ask of strategy.ask()) {
    strategy.tell(ask, effect(-3, ask.layer.name === "c" ? 0 : -2, -1));
  }
  for (const ask of strategy.ask()) strategy.tell(ask, effect(0, 1, 2));
  const [pair] = strategy.ask();
  strategy.tell(pair!, effect(-6, -5, -4));
  assert.equal(strategy.effects.get("b")!.only!.difference!.value, -2);
  assert.equal(strategy.effects.get("b")!.allBut!.difference!.value, 1);
  assert.deepEqual([...strategy.effects.keys()], ["a", "b", "c"], "a pair is no layer");
  assert.deepEqual(strategy.pairs.map(({ layers, interaction }) => [layers, interaction]), [
    [["a", "b"], -1],
  ]);
});
