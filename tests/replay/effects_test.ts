import assert from "node:assert/strict";
import { assertAlmostEquals } from "@std/assert";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import type { Effect } from "../../lib/record/ablation_record.ts";
import {
  type EffectSetup,
  resolutionOf,
  type SampleOutputs,
} from "../../lib/replay/effect_setup.ts";
import { measureBaseline, measureEffects } from "../../lib/replay/effects.ts";
import { samplePlan } from "../../lib/replay/sample_plan.ts";
import {
  evaluationOf,
  type FakeReplay,
  fakeReplay,
  type Given,
  row,
  variant,
} from "./fake_replay.ts";

/** The value of the output itself. */
const value: Metric = {
  ...{ name: "value", unit: "", higherIsBetter: true },
  score: ({ outputs }) => outputs.y!.data[0] as number,
};

/** A setup over float32, with 4 screening samples. */
function setupOf(
  { replay }: FakeReplay,
  float32: readonly SampleOutputs[],
  metric: Metric,
  more: Partial<EffectSetup> = {},
): EffectSetup {
  const evaluation = evaluationOf(float32, metric, replay);
  return { replay, metric, float32: evaluation, screening: 4, resolution: undefined, ...more };
}

/** Effects by the key of the variant. */
async function effectsOf(setup: EffectSetup, ...keys: string[]): Promise<Map<string, Effect>> {
  const effects = new Map<string, Effect>();
  for await (const { variant: { key }, effect } of measureEffects(setup, keys.map(variant))) {
    assert.ok(!effects.has(key), `${key} came twice`);
    effects.set(key, effect);
  }
  return effects;
}

/** Variants whose values differ from float32's 0 by these numbers in the order of the draw. */
async function differing(
  count: number,
  differences: Readonly<Record<string, (position: number) => number>>,
  more: Partial<EffectSetup>,
) {
  const zeros = Array.from({ length: count }, () => row(0));
  const { order } = samplePlan(setupOf(fakeReplay(zeros, {}), zeros, value));
  const variants = Object.entries(differences).map(([key, difference]) =>
    [key, zeros.map((_, index) => row(difference(order.indexOf(index))))] as const
  );
  const fake = fakeReplay(zeros, Object.fromEntries(variants));
  const effects = await effectsOf(setupOf(fake, zeros, value, more), ...Object.keys(differences));
  return { effects, ran: fake.ran };
}

/** 1, -1, 1, -1, ...: over n samples mean 0, deviation √(n / (n - 1)), standard error 1 / √(n - 1). */
const alternate = (position: number) => position % 2 === 0 ? 1 : -1;

// Student's t at 1 - 0.05 / 3 for 4 samples is 4.857, so the interval of ±1 in turn is ±4.857 / √3 = ±2.804;
// for 16 samples it is 2.694 / √15 = 0.696.

Deno.test("a variant is done at the first look if half its interval is within the resolution", async () => {
  const { effects } = await differing(64, { a: alternate }, { resolution: 2.81 });
  const { run, samples, difference } = effects.get("a")!;
  assert.deepEqual([run, samples, difference!.n], [4, 64, 4]);
  assertAlmostEquals(difference!.value, 0, 1e-12);
  assertAlmostEquals(difference!.high, 2.804, 1e-3);
  assertAlmostEquals(difference!.low, -2.804, 1e-3);
});

Deno.test("intervals at three looks hold 95 % together: each is wider than that of one", async () => {
  const { effects } = await differing(64, { a: alternate }, { resolution: 2.8 });
  const { run, difference } = effects.get("a")!;
  assert.equal(run, 16, "an interval of 95 % would be ±1.837");
  assertAlmostEquals(difference!.high, 0.696, 1e-3);
});

Deno.test("two looks share the 5 % where four times the screening samples are more than all", async () => {
  // At 1 - 0.05 / 2 Student's t for 4 samples is 4.177.
  const { effects } = await differing(8, { a: alternate }, { resolution: 2.5 });
  assertAlmostEquals(effects.get("a")!.difference!.high, 4.177 / Math.sqrt(3), 1e-3);
});

Deno.test("a variant is done where half its interval is a quarter of the effect, of either sign", async () => {
  const around = (mean: number) => (position: number) => mean + alternate(position);
  const differences = { down: around(-11.3), near: around(11.1), up: around(11.3) };
  const { effects } = await differing(64, differences, { resolution: 0.01 });
  const runs = ["down", "near", "up"].map((key) => effects.get(key)!.run);
  assert.deepEqual(runs, [4, 16, 4], "2.804 is more than 11.1 / 4 and less than 11.3 / 4");
});

Deno.test("the last look is at all samples, with the one interval of 95 % that these give", async () => {
  const { effects } = await differing(20, { a: alternate }, { resolution: 0.01 });
  const { run, difference } = effects.get("a")!;
  assert.deepEqual([run, difference!.n], [20, 20]);
  assertAlmostEquals(difference!.high, 2.093 / Math.sqrt(19), 1e-3); // t of 95 % for 20 samples
});

Deno.test("a variant that is done is not run with those that are not", async () => {
  const { ran } = await differing(64, { done: () => 3, open: alternate }, { resolution: 1 });
  assert.deepEqual([ran.get("done")!.length, ran.get("open")!.length], [4, 16]);
});

Deno.test("parts of the samples, as memory has room for them, give the same effect", async () => {
  const float32 = Array.from({ length: 24 }, (_, i) => row(i));
  const changed = float32.map((_, i) => row(i + alternate(i) + i / 7));
  const [whole, parts] = [Infinity, 3].map((chunk) =>
    fakeReplay(float32, { a: changed }, { chunk })
  ) as [FakeReplay, FakeReplay];
  const effects = await Promise.all(
    [whole, parts].map(async (fake) =>
      (await effectsOf(setupOf(fake, float32, value, { resolution: 0.1 }), "a")).get("a")!
    ),
  );
  assert.deepEqual(effects[1], effects[0]);
  assert.equal(
    effects[0]!.sqnr!.n,
    4,
    "closeness is over the screening samples, each counted once",
  );
});

/** Two classes, the first of which leads by so much. */
const leading = (lead: number) => row(lead, 0);

/** Leads of 40 samples: three lose them to a shift of 0.1, nine come near, the others are safe. */
const LEADS = [
  ...Array(3).fill(0.05),
  ...Array(9).fill(0.14),
  ...Array(28).fill(1),
] as number[];

Deno.test("of classes only samples whose lead may be lost are run; the others count as unchanged", async () => {
  const float32 = LEADS.map(leading);
  const fake = fakeReplay(float32, { a: LEADS.map((lead) => leading(lead - 0.1)) });
  const setup = setupOf(fake, float32, agreement());
  const { screening } = samplePlan(setup);
  const effect = (await effectsOf(setup, "a")).get("a")!;
  const near = LEADS.flatMap((lead, index) => lead < 0.15 ? [index] : []);
  const expected = new Set([...screening, ...near]);
  assert.deepEqual(
    fake.ran.get("a")!.toSorted((a, b) => a - b),
    [...expected].sort((a, b) => a - b),
  );
  assert.deepEqual([effect.run, effect.samples], [expected.size, 40]);
  assertAlmostEquals(effect.margin!, 0.15, 1e-6);
  assertAlmostEquals(effect.value!.value, 92.5, 1e-9);
  assertAlmostEquals(effect.difference!.value, -7.5, 1e-9);
  assert.equal(effect.difference!.n, 40);
});

Deno.test("a lead where the base was not run is float32's, less what the base may have moved", async () => {
  // Float32 leads by 0.4; all layers int8 were run on sample 0 alone, and may lead by 0.3 less elsewhere:
  // by 0.1, which a shift of 0.1 may lose. On the one they really do.
  const float32 = Array.from({ length: 12 }, () => leading(0.4));
  const int8 = float32.map((_, index) => leading(index === 7 ? 0.08 : 0.38));
  const fake = fakeReplay(int8, { a: int8.map(({ y }) => leading(y!.data[0] as number - 0.1)) });
  const setup = setupOf(fake, float32, agreement());
  const base = {
    scores: Float64Array.from(setup.float32.scores),
    results: new Map([[0, int8[0]!]]),
    moved: 0.3,
  };
  const effect = (await effectsOf({ ...setup, base }, "a")).get("a")!;
  assert.ok(fake.ran.get("a")!.includes(7), "0.1 is less than half as much again as 0.1");
  assertAlmostEquals(effect.difference!.value, -100 / 12, 1e-9);
  assert.ok(!fake.baseRan.includes(0), "what is known of the base is not run again");
  assert.equal(base.results.size, 12, "and what was run of it is known from now on");
});

Deno.test("a lead where the base was run is its own: nothing is taken off it", async () => {
  const float32 = Array.from({ length: 20 }, () => leading(0.4));
  const int8 = float32.map(() => leading(0.39)); // 0.1 would be within reach of the shift, 0.39 is not
  const fake = fakeReplay(int8, { a: int8.map(() => leading(0.29)) });
  const setup = setupOf(fake, float32, agreement());
  const base = { scores: setup.float32.scores, results: new Map(int8.entries()), moved: 0.3 };
  const effect = (await effectsOf({ ...setup, base }, "a")).get("a")!;
  assertAlmostEquals(effect.margin!, 0.15, 1e-6, "shifts are counted from it, not from float32");
  const { screening, closest } = samplePlan({ ...setup, base });
  assert.equal(effect.run, new Set([...screening, ...closest]).size);
});

Deno.test("measureBaseline() keeps what it ran, and how far a lead may have moved elsewhere", async () => {
  const float32 = LEADS.map(leading);
  const int8 = LEADS.map((lead) => leading(lead - 0.1));
  const setup = setupOf(fakeReplay(float32, { int8 }), float32, agreement());
  const { effect, base } = await measureBaseline(setup, variant("int8"));
  assert.equal(base.results.size, effect.run);
  assertAlmostEquals(base.moved, 0.15, 1e-6);
  assert.deepEqual([...base.scores], LEADS.map((lead) => lead < 0.1 ? 0 : 1));
  assert.ok(
    [...setup.float32.scores].every((score) => score === 1),
    "float32's are left as they were",
  );
});

Deno.test("measureBaseline() throws why it cannot be measured", async () => {
  const float32 = Array.from({ length: 8 }, () => row(1));
  const setup = setupOf(
    fakeReplay(float32, { int8: Array(8).fill(new Error("no")) }),
    float32,
    value,
  );
  await assert.rejects(measureBaseline(setup, variant("int8")), /^Error: no$/);
});

Deno.test("an effect on another network is the difference to it, on the samples that were run", async () => {
  const float32 = Array.from({ length: 8 }, () => row(10));
  const int8 = float32.map(() => row(6));
  const fake = fakeReplay(int8, { a: int8.map(() => row(7)) });
  const setup = setupOf(fake, float32, value, { resolution: 1 });
  const base = { scores: Float64Array.from(setup.float32.scores), results: new Map(), moved: 0 };
  const { run, value: own, difference, noise } = (await effectsOf({ ...setup, base }, "a")).get(
    "a",
  )!;
  assert.deepEqual([run, own!.value, difference!.value], [4, 7, 1]);
  assertAlmostEquals(noise!, 0.09, 1e-12, "but closeness is closeness to float32: 3² of 10²");
});

Deno.test("a variant that fails says why, and the others go on", async () => {
  const float32 = Array.from({ length: 12 }, () => row(1));
  const broken: Given[] = float32.map((outputs, i) =>
    i === 5 ? new Error("out of memory") : outputs
  );
  const picky: Metric = {
    ...value,
    score({ outputs, index, reference }) {
      if (index === 5 && outputs.y!.data[0] !== reference.y!.data[0]) {
        throw new Error("not that one");
      }
      return outputs.y!.data[0] as number;
    },
  };
  const fake = fakeReplay(float32, {
    broken,
    picky: float32.map(() => row(2)),
    fine: float32,
    wild: float32.map(() => row(NaN)),
  });
  const setup = setupOf(fake, float32, picky, { screening: 12, resolution: 1 });
  const effects = await effectsOf(setup, "broken", "picky", "fine", "wild");
  assert.equal(effects.get("broken")!.error, "out of memory");
  assert.match(effects.get("picky")!.error!, /Cannot score sample 5 of made up .*: not that one/);
  assert.match(effects.get("wild")!.error!, /its output "y" is NaN/);
  assert.equal(effects.get("fine")!.difference!.value, 0);
});

Deno.test("samples without a label take no part where the metric needs labels", async () => {
  const labels = [0, -1, 0, 1, -1, 0];
  const float32 = labels.map(() => leading(1));
  const fake = fakeReplay(float32, { a: float32.map(() => leading(-1)) }, { labels });
  const { run, samples, value, difference } = (await effectsOf(setupOf(fake, float32, top1()), "a"))
    .get("a")!;
  assert.deepEqual([run, samples], [4, 4]);
  assert.deepEqual([value!.value, difference!.value], [25, -50], "3 of 4 were right, now 1 is");
  assert.ok(!fake.ran.get("a")!.some((index) => labels[index] === -1));
});

Deno.test("a share that no class decides takes all samples", async () => {
  const share: Metric = { ...value, name: "share", unit: "%" };
  const float32 = Array.from({ length: 30 }, () => row(1));
  const fake = fakeReplay(float32, { a: float32.map((_, i) => row(i < 3 ? 0 : 1)) });
  const effect = (await effectsOf(setupOf(fake, float32, share), "a")).get("a")!;
  assert.equal(effect.run, 30);
  assertAlmostEquals(effect.difference!.value, -10, 1e-9);
});

Deno.test("resolutionOf() is what is asked, what the metric says, or 1 % of float32's value; no share has one", () => {
  assert.equal(resolutionOf(sqnr(), 40, 0.5), 0.5);
  assert.equal(resolutionOf(sqnr(), 40), 1, "dB");
  assert.equal(resolutionOf({ unit: "" }, -0.8), 0.008);
  assert.equal(resolutionOf({ unit: "%" }, 90, 0.5), undefined);
});
