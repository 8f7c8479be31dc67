import assert from "node:assert/strict";
import { assertAlmostEquals } from "@std/assert";
import { minMax } from "../../lib/calibrate/observers.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { decide } from "../../lib/quantize/decide.ts";
import { int8Layers, type Layer } from "../../lib/quantize/layers.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import type { Effect } from "../../lib/record/ablation_record.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { type EffectAsk, joinLayers } from "../../lib/study/effect_ask.ts";
import {
  EffectExperiment,
  type EffectExperimentFields,
} from "../../lib/study/effect_experiment.ts";
import { memoryStore } from "../../lib/study/memory_store.ts";
import { openStudy } from "../../lib/study/open_study.ts";
import type { StudyStore } from "../../lib/study/study_store.ts";
import { branchedModel, pictures } from "../replay/network.ts";

let runtime: Runtime;
Deno.test.beforeAll(() => {
  runtime = openRuntime({ workers: 1 });
});
Deno.test.afterAll(() => runtime.close());

const IDENTITY = {
  model: { name: "branched", hash: "" },
  data: { name: "pictures", splits: [] },
  metric: { name: "agreement", unit: "%", source: "" },
  versions: {},
};
const base = branchedModel();
const mapping = qconfigMapping({ default: staticInt8() });
const decisions = decide(base.graph, mapping);
const layers = int8Layers(decisions);
const [conv1, conv2] = layers as [Layer, Layer];

function experimentOn(study: StudyStore, fields: Partial<EffectExperimentFields> = {}) {
  const steps: string[] = [];
  const experiment = new EffectExperiment({
    ...{ base, mapping, decisions, layers, study, runtime, metric: agreement() },
    ...{ calibrationData: pictures(8, 3), dataset: pictures(12), screening: 4, seed: 0 },
    ...{ resolution: undefined, signal: undefined },
    onStep: ({ step, about }) => steps.push(about ?? step),
    ...fields,
  });
  return { experiment, steps };
}

const studyIn = () => openStudy(IDENTITY, { store: memoryStore() });

async function all(experiment: EffectExperiment, asks: readonly EffectAsk[]) {
  const answers: (readonly [EffectAsk, Effect])[] = [];
  for await (const answer of experiment.measure(asks)) answers.push(answer);
  return answers;
}

Deno.test("EffectExperiment stores an effect before it gives it, and knows it from then on", async () => {
  const study = await studyIn();
  const { experiment } = experimentOn(study);
  const asks: EffectAsk[] = [{ mode: "only", layer: conv1 }, { mode: "only", layer: conv2 }];
  assert.equal(await experiment.known(asks[0]!), undefined);
  for await (const [ask, effect] of experiment.measure(asks)) {
    assert.deepEqual(await experiment.known(ask), effect);
  }
  const { experiment: next, steps } = experimentOn(study);
  for (const ask of asks) assert.equal((await next.known(ask))!.samples, 12);
  assert.deepEqual(steps, [], "nothing was run for it");
});

Deno.test("EffectExperiment knows an effect by all that decides it", async () => {
  const study = await studyIn();
  const { experiment } = experimentOn(study);
  await all(experiment, [{ mode: "only", layer: conv1 }]);
  const knows = (ask: EffectAsk, fields?: Partial<EffectExperimentFields>) =>
    experimentOn(study, fields).experiment.known(ask).then((effect) => effect !== undefined);
  const asked: EffectAsk = { mode: "only", layer: conv1 };
  assert.ok(await knows({ ...asked, layer: { ...conv1, name: "another name" } }), "nodes count");
  assert.ok(!await knows({ mode: "only", layer: conv2 }));
  assert.ok(!await knows({ mode: "activations", layer: conv1 }));
  assert.ok(!await knows({ mode: "only", layer: joinLayers(conv1, conv2) }));
  assert.ok(!await knows(asked, { seed: 1 }));
  assert.ok(!await knows(asked, { screening: 5 }));
  assert.ok(!await knows(asked, { resolution: 1 }));
  const other = qconfigMapping({ default: staticInt8({ activation: minMax }) });
  assert.ok(!await knows(asked, { mapping: other, decisions: decide(base.graph, other) }));
});

Deno.test("EffectExperiment measures all but a layer against all layers int8, the rest against float32", async () => {
  const first: Metric = {
    ...{ name: "first score", unit: "", higherIsBetter: true },
    score: ({ outputs }) => outputs.logits!.data[0] as number,
  };
  // So fine a resolution takes all samples.
  const settings = { metric: first, resolution: 1e-9 };
  const { experiment, steps } = experimentOn(await studyIn(), settings);
  const asks = [
    { mode: "allBut", layer: conv1 },
    { mode: "only", layer: conv1 },
  ] as const;
  const effects = new Map(
    (await all(experiment, asks)).map(([{ mode }, effect]) => [mode, effect]),
  );
  const [float32, int8] = [await experiment.baseline(), await experiment.int8()];
  const before = (mode: "allBut" | "only") =>
    effects.get(mode)!.value!.value - effects.get(mode)!.difference!.value;
  assertAlmostEquals(before("only"), float32.value, 1e-9);
  assertAlmostEquals(before("allBut"), int8.value!.value, 1e-9);
  assert.ok(Math.abs(float32.value - int8.value!.value) > 1e-6, "or this would show nothing");
  const order = [
    "calibration",
    "float32",
    "each layer alone",
    "all layers int8",
    "all layers but one",
  ];
  assert.deepEqual([...new Set(steps)].toSorted(), order.toSorted());
});

Deno.test("EffectExperiment gives why a variant failed, and does not store that", async () => {
  const picky: Metric = {
    ...{ name: "picky", unit: "", higherIsBetter: true },
    score({ outputs, reference }) {
      if (outputs !== reference) throw new Error("I do not like it");
      return 1;
    },
  };
  const { experiment } = experimentOn(await studyIn(), { metric: picky });
  const ask: EffectAsk = { mode: "only", layer: conv1 };
  const [[, effect]] = await all(experiment, [ask]) as [readonly [EffectAsk, Effect]];
  assert.match(effect.error!, /I do not like it/);
  assert.equal(await experiment.known(ask), undefined);
  assert.equal(await experiment.knownInt8(), undefined);
  await assert.rejects(experiment.int8(), /I do not like it/);
});
