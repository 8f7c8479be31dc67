import assert from "node:assert/strict";
import type { Recipe } from "../../../lib/record/recipe.ts";
import type { Trial } from "../../../lib/record/trial_record.ts";
import { recipeOf } from "../../../lib/strategy/search/proposal.ts";
import { type SearchSetup, SearchStrategy } from "../../../lib/strategy/search/search_strategy.ts";
import { firstAsks } from "../../../lib/strategy/search/small_weights.ts";
import type { SearchSpace } from "../../../lib/strategy/search/space.ts";
import type { TrialAsk } from "../../../lib/study/trial_ask.ts";
import {
  BINARY,
  chain,
  layersSpace,
  type MadeUpLayers,
  type MadeUpOutcome,
  mixOf,
  staticNodes,
  STRAIGHT,
  TOP1,
  trialOf,
} from "./made_up.ts";

/** What the made-up world makes of a recipe. */
interface World {
  readonly layers: MadeUpLayers;
  /** How many times the noise that was predicted it really has. @default {1} */
  readonly scale?: number;
  /** How many times less of it is left by bias correction. @default {1: it is of no use} */
  readonly corrects?: number;
  /** A node that fails where it is static. */
  readonly broken?: string;
}

/** Times and bytes are as predicted; noise is not, and costs a point for a thousandth of it. */
function measure(recipe: Recipe, world: World): MadeUpOutcome | string {
  assert.ok(recipe.kind === "assignment");
  const { layers, scale = 1, corrects = 1, broken } = world;
  let [ms, noise, bytes] = [0, 0, 0];
  for (const [name, layer] of Object.entries(layers)) {
    const form = recipe.forms[name] ?? { kind: "float32" };
    if (form.kind === "static" && name === broken) return "The worker died";
    ms += form.kind === "static" ? 10 - layer.saves : 10;
    const isHalf = form.kind === "weightOnly" && form.bits === 16;
    bytes += form.kind === "float32" ? 1024 : isHalf ? 512 : 256;
    if (form.kind !== "float32" && !isHalf) noise += 1e-4 * layer.noise;
  }
  const left = scale * noise / (recipe.corrections ? corrects : 1);
  return {
    drop: 1000 * left,
    ratio: ms / (10 * Object.keys(layers).length),
    bytes,
    sqnr: left === 0 ? 150 : -10 * Math.log10(left),
  };
}

const model = chain(Object.keys(BINARY));

function strategyOf(
  maxDrop: number,
  setup: Partial<SearchSetup> & { space?: SearchSpace } = {},
): SearchStrategy {
  const { space = layersSpace(BINARY, setup.objective), ...more } = setup;
  return new SearchStrategy({
    budget: { metric: TOP1, maxDrop, model: { bytes: 4096 } },
    objective: "latency",
    first: firstAsks(model, "fused"),
    spaces: () => Promise.resolve({ spaces: [space], curve: STRAIGHT, outputs: 1 }),
    ...more,
  });
}

interface Told {
  readonly ask: TrialAsk;
  readonly trial: Trial;
}

/** Asks and tells to the end. */
async function searched(strategy: SearchStrategy, world: World): Promise<Told[]> {
  const told: Told[] = [];
  for (let asks; (asks = await strategy.ask()).length > 0;) {
    assert.equal(asks.length, 1);
    const [ask] = asks as readonly [TrialAsk];
    const trial = trialOf(ask.recipe, measure(ask.recipe, world));
    strategy.tell(ask, trial);
    told.push({ ask, trial });
    assert.ok(told.length < 50, "it does not stop");
  }
  return told;
}

const dropOf = ({ trial }: Told) => -trial.accuracy!.difference.value;
const ratioOf = ({ trial }: Told) => trial.latency!.ratio.value;
const isKept = (told: Told, maxDrop: number) =>
  told.trial.error === undefined && dropOf(told) <= maxDrop + 1e-9;

/** The least ratio of all mixes that keep the budget in the world, by trying each. */
function leastRatio(maxDrop: number, world: World): number {
  const space = layersSpace(world.layers);
  const names = Object.keys(world.layers);
  const ratios = Array.from({ length: 2 ** names.length }, (_, bits) => {
    const isStatic = names.filter((_, i) => bits & (1 << i));
    const found = measure(recipeOf(mixOf(space, ...isStatic)), world);
    return typeof found !== "string" && found.drop <= maxDrop + 1e-9 ? found.ratio : Infinity;
  });
  return Math.min(...ratios);
}

Deno.test("a search finds the fastest mix within the budget, though its predictions are off", async () => {
  for (const scale of [0.3, 3]) {
    for (const maxDrop of [0.05, 0.35, 2]) {
      const world = { layers: BINARY, scale };
      const told = await searched(strategyOf(maxDrop), world);
      const best = Math.min(...told.filter((one) => isKept(one, maxDrop)).map(ratioOf));
      assert.equal(best, leastRatio(maxDrop, world), `${scale}, ${maxDrop}`);
    }
  }
});

Deno.test("a search finds the smallest mix, too", async () => {
  const world: World = { layers: BINARY };
  const space = layersSpace(BINARY, "size");
  const told = await searched(strategyOf(0.75, { objective: "size", space }), world);
  const kept = told.filter((one) => isKept(one, 0.75));
  // Layers 1, 2 and 4 in int8; stored or static is the same size, and static is faster.
  const smallest = Math.min(...kept.map(({ trial }) => trial.bytes!));
  assert.equal(smallest, 3 * 256 + 1024);
  assert.ok(
    kept.some(({ ask, trial }) =>
      trial.bytes === smallest && staticNodes(ask.recipe) === "n1 n2 n4"
    ),
  );
});

Deno.test("no recipe is asked for twice", async () => {
  const told = await searched(strategyOf(0.9), { layers: BINARY, corrects: 4 });
  const recipes = told.map(({ ask }) => JSON.stringify(ask.recipe));
  assert.equal(new Set(recipes).size, recipes.length);
});

Deno.test("float16 weights are tried only if int8 weights miss the budget", async () => {
  const asked = async (maxDrop: number) => {
    const told = await searched(strategyOf(maxDrop), { layers: BINARY });
    return told.slice(0, 2).map(({ ask }) => ask.why);
  };
  assert.deepEqual(await asked(2), [
    "float32 kernels, weights stored in int8",
    "fastest mix with no limit on accuracy",
  ]);
  assert.deepEqual(await asked(1), [
    "float32 kernels, weights stored in int8",
    "float32 kernels, weights stored in float16",
  ]);
});

Deno.test("int8 products are tried before all else, until one of them keeps the budget", async () => {
  const space = layersSpace(BINARY);
  const products = [Object.keys(BINARY), ["n1"]].map((nodes, i) => ({
    ...{ recipe: recipeOf(mixOf(space, ...nodes)), why: `products ${i}` },
  }));
  const asked = async (maxDrop: number) => {
    const strategy = strategyOf(maxDrop, { products: () => Promise.resolve(products) });
    assert.equal(strategy.reach, "small weights");
    const told = await searched(strategy, { layers: BINARY });
    assert.equal(strategy.reach, "int8");
    return told.slice(0, 3).map(({ ask }) => ask.why!.replace(/,.*/, ""));
  };
  const fastest = "fastest mix with no limit on accuracy";
  assert.deepEqual((await asked(2)).slice(0, 2), ["products 0", fastest]);
  assert.deepEqual(await asked(0.1), ["products 0", "products 1", fastest]);
  assert.deepEqual(await asked(0.01), ["products 0", "products 1", "float32 kernels"]);
});

Deno.test("spaces are measured once, and not before the first trials are", async () => {
  let measured = 0;
  const strategy = strategyOf(0.9, {
    spaces: () => {
      measured++;
      return Promise.resolve({ spaces: [layersSpace(BINARY)], curve: STRAIGHT, outputs: 1 });
    },
  });
  const [ask] = await strategy.ask();
  assert.equal(measured, 0);
  assert.equal(strategy.scale, undefined);
  strategy.tell(ask!, trialOf(ask!.recipe, measure(ask!.recipe, { layers: BINARY })));
  await searched(strategy, { layers: BINARY });
  assert.equal(measured, 1);
});

Deno.test("the fastest float32 mix is tried once, before spaces are measured", async () => {
  const space = layersSpace(BINARY);
  const exact = mixOf(space, "n1"); // as if it were another float32 kernel
  const given: unknown[] = [];
  let isMeasured = false;
  const strategy = strategyOf(0.9, {
    exact: (kept) => {
      assert.ok(!isMeasured);
      given.push(kept);
      return Promise.resolve(exact);
    },
    spaces: () => {
      isMeasured = true;
      return Promise.resolve({ spaces: [space], curve: STRAIGHT, outputs: 1 });
    },
  });
  const told = await searched(strategy, { layers: BINARY });
  const [int8, float16] = firstAsks(model, "fused").map(({ recipe }) => recipe);
  assert.deepEqual(given, [float16]); // int8 misses the budget
  assert.deepEqual(told.slice(0, 3).map(({ ask }) => ask.recipe), [int8, float16, recipeOf(exact)]);
  assert.ok(told.length > 3);
  assert.ok(strategy.explain(recipeOf(exact)).length > 0);
});

Deno.test("an ask says what is predicted, and scale how far that was off", async () => {
  const strategy = strategyOf(0.65);
  const told = await searched(strategy, { layers: BINARY, scale: 2 });
  const { ask: { predicted } } = told.find(({ ask }) =>
    ask.why!.startsWith("fastest mix with no")
  )!;
  assert.equal(predicted!.ms, 40 - 15);
  assert.ok(Math.abs(predicted!.noise - 15e-4) < 1e-12);
  assert.ok(Math.abs(predicted!.drop - 1.5) < 1e-9); // nothing was known of the scale then
  assert.ok(Math.abs(strategy.scale! - 2) < 1e-9, `${strategy.scale}`);
});

Deno.test("noise is not learnt from where the metric reads several outputs", async () => {
  const strategy = strategyOf(0.65, {
    spaces: () => Promise.resolve({ spaces: [layersSpace(BINARY)], curve: STRAIGHT, outputs: 2 }),
  });
  await searched(strategy, { layers: BINARY, scale: 2 });
  assert.equal(strategy.scale, 1);
});

Deno.test("of SQNR the noise is that at the end of the interval that is judged", async () => {
  const metric = { ...TOP1, name: "SQNR", unit: "dB", share: false, signalToNoise: true };
  const strategy = strategyOf(100, {
    budget: { metric, maxDrop: 100, model: { bytes: 4096 } },
    first: [],
  });
  const [ask] = await strategy.ask();
  const trial = trialOf(ask!.recipe, { drop: 100, ratio: 0.5, bytes: 1000, sqnr: 40 });
  const value = { value: 30, low: 20, high: 40, n: 100 }; // 20 dB: a hundredth
  strategy.tell(ask!, { ...trial, accuracy: { ...trial.accuracy!, value } });
  assert.ok(Math.abs(strategy.scale! - 0.01 / 15e-4) < 1e-9, `${strategy.scale}`);
});

Deno.test("what misses the budget but would be the fastest is tried again with bias correction", async () => {
  const strategy = strategyOf(0.5);
  const told = await searched(strategy, { layers: BINARY, corrects: 4 });
  const place = told.findIndex(({ ask }) => ask.why === "the same with bias correction");
  const [before, after] = [told[place - 1]!, told[place]!];
  assert.deepEqual(after.ask.recipe, { ...before.ask.recipe, corrections: ["bias"] });
  assert.deepEqual(after.ask.predicted, before.ask.predicted);
  assert.ok(!isKept(before, 0.5) && isKept(after, 0.5));
  // All layers lose 1.5 points, and 0.4 corrected.
  assert.equal(staticNodes(after.ask.recipe), "n1 n2 n4 n8");
  assert.ok(strategy.explain(after.ask.recipe).length === 4);
});

Deno.test("what is slower than the best is not tried again with bias correction", async () => {
  const told = await searched(strategyOf(0.5), { layers: BINARY, corrects: 4 });
  const best = Math.min(...told.filter((one) => isKept(one, 0.5)).map(ratioOf));
  const retried = told.filter(({ ask }) => ask.recipe.corrections);
  assert.equal(retried.length, 1); // all others are slower than what it made of the fastest
  assert.equal(ratioOf(retried[0]!), best);
});

Deno.test("bias correction is tried four times at most where it is of no use", async () => {
  const layers = {
    ...BINARY,
    n16: { saves: 9, noise: 16 },
    n32: { saves: 9.5, noise: 32 },
  };
  const strategy = strategyOf(0.5, { first: [], space: layersSpace(layers) });
  const missed: boolean[] = []; // whether with bias correction
  for (let asks; (asks = await strategy.ask()).length > 0;) {
    const [{ recipe, predicted }] = asks as readonly [TrialAsk];
    const isMissed = predicted!.noise > 6.5e-4;
    if (isMissed) missed.push(recipe.corrections !== undefined);
    // What is faster loses twice what it may.
    const outcome = isMissed ? { drop: 1, ratio: 0.5 } : { drop: 0, ratio: 0.9 };
    strategy.tell(asks[0]!, trialOf(recipe, { ...outcome, bytes: 1000 }));
  }
  assert.deepEqual(missed, [false, true, false, true, false, true, false, true, false]);
});

Deno.test("a failed trial does not end the search", async () => {
  const world: World = { layers: BINARY, broken: "n4" };
  const told = await searched(strategyOf(2), world);
  const failed = told.findIndex(({ trial }) => trial.error !== undefined);
  assert.ok(failed > 0 && failed < told.length - 1);
  assert.ok(told.slice(failed + 1).some((one) => isKept(one, 2)));
});

Deno.test("a search says why it asks no more", async () => {
  const strategy = strategyOf(0.9);
  assert.equal(strategy.ended, "");
  assert.equal(strategy.reach, "small weights");
  await searched(strategy, { layers: BINARY });
  assert.equal(
    strategy.ended,
    "The search ended early: no other mix is predicted to beat the best one measured.",
  );
  assert.deepEqual(await strategy.ask(), []);
  assert.equal(strategy.reach, "int8");

  const hopeless = strategyOf(-0.01);
  await searched(hopeless, { layers: BINARY });
  assert.match(hopeless.ended, /no other mix is predicted to keep the budget/);
});

Deno.test("a trial is explained by the mix that was predicted for it; the first ones are not", async () => {
  const strategy = strategyOf(0.65);
  const told = await searched(strategy, { layers: BINARY });
  assert.deepEqual(strategy.explain(told[0]!.ask.recipe), []);
  const six = told.find(({ ask }) => staticNodes(ask.recipe) === "n2 n4")!;
  const rows = strategy.explain(six.ask.recipe);
  assert.deepEqual(rows.map(({ node, form }) => `${node} ${form}`), [
    ...["n1 float32", "n2 static", "n4 static", "n8 float32"],
  ]);
  const [, n2, , n8] = rows;
  assert.ok(Math.abs(n2!.drop! - 0.2) < 1e-9);
  assert.equal(n8!.why, "static would be faster, but exceeds the error limit");
});

Deno.test("told the same again, a search asks for the same again", async () => {
  const asked = async () => {
    const told = await searched(strategyOf(0.65), { layers: BINARY, scale: 1.7, corrects: 2 });
    return told.map(({ ask }) => ask);
  };
  assert.deepEqual(await asked(), await asked());
});
