import assert from "node:assert/strict";
import { NextTrial, type Suggestion } from "../../../lib/strategy/search/next_trial.ts";
import { type Proposal, recipeOf } from "../../../lib/strategy/search/proposal.ts";
import { largest, searchSpace } from "../../../lib/strategy/search/space.ts";
import { BINARY, layersSpace, mixOf, STRAIGHT } from "./made_up.ts";

/** What was measured or is suggested, by its predicted noise in ten thousandths: which mix, with BINARY. */
const numberOf = (proposal: Proposal) => Math.round(largest(proposal.noise) * 1e4);

/** The mix of BINARY whose noise, and gain, is a number. */
function mix(space: Proposal["space"], number: number): Proposal {
  return mixOf(space, ...[1, 2, 4, 8].filter((bit) => number & bit).map((bit) => `n${bit}`));
}

const MISSED = 100;
const KEPT = 0;

/** Tells of mixes by number: their drops (or undefined for a failure), and noise over what was predicted. */
function told(
  next: NextTrial,
  space: Proposal["space"],
  ...outcomes: readonly (readonly [number, drop?: number, noise?: number])[]
): NextTrial {
  for (const [number, drop, noise] of outcomes) {
    const proposal = mix(space, number);
    next.tell({ proposal, recipe: recipeOf(proposal) }, {
      ...(drop !== undefined && { drop }),
      ...(noise !== undefined && { noise: noise * number * 1e-4 }),
    });
  }
  return next;
}

/** @param maxDrop In tenths of a point: by the curve, the noise in ten thousandths that it allows. */
function chooser(maxDrop: number, space = layersSpace(BINARY)) {
  return { space, next: new NextTrial([space], { maxDrop: maxDrop / 10, curve: STRAIGHT }) };
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9 * expected, `${actual}, not ${expected}`);
}

async function suggested(next: NextTrial): Promise<readonly [number, string]> {
  const suggestion = (await next.next())!;
  return [numberOf(suggestion.proposal), suggestion.why];
}

Deno.test("first comes the fastest mix, whatever it loses; then the best that is predicted to be within the budget", async () => {
  const { space, next } = chooser(6.5);
  assert.deepEqual(await suggested(next), [15, "fastest mix with no limit on accuracy"]);
  told(next, space, [15, MISSED]);
  const suggestion = (await next.next())!;
  assert.equal(numberOf(suggestion.proposal), 6);
  assert.equal(suggestion.why, "fastest mix within the predicted limit on quantization error");
  near(suggestion.drop, 0.6); // 1000 times its noise
});

Deno.test("a budget is bisected until nothing lies between what keeps it and what does not", async () => {
  const { space, next } = chooser(6.5);
  const asked: number[] = [];
  for (let suggestion: Suggestion | undefined; (suggestion = await next.next());) {
    if (!suggestion.why.includes("limit")) break;
    const number = numberOf(suggestion.proposal);
    asked.push(number);
    told(next, space, [number, number > 8 ? MISSED : KEPT]);
  }
  // 6 as predicted; then between what is known: root of 6 x 15 = 9.5, of 6 x 9 = 7.3, of 7 x 9 = 7.9 is
  // nothing new, of 7.9 x 9 = 8.5.
  assert.deepEqual(asked, [15, 6, 9, 7, 8]);
});

Deno.test("the lower limit is the largest noise that kept the budget, in whatever order it was told", async () => {
  const { space, next } = chooser(3);
  told(next, space, [8, KEPT], [2, KEPT], [12, MISSED]);
  assert.equal((await suggested(next))[0], 9); // root of 8 x 12 = 9.8
});

Deno.test("what missed the budget with less noise than something that kept it does not count as a limit", async () => {
  const { space, next } = chooser(3);
  told(next, space, [15, MISSED], [8, MISSED], [10, KEPT]);
  assert.equal((await suggested(next))[0], 12); // root of 10 x 15 = 12.2
});

Deno.test("a trial that failed is an upper limit as well, and is not suggested again", async () => {
  const { space, next } = chooser(14);
  told(next, space, [15, undefined]);
  // 14 is too close to 15 to be told from it: half of it is tried.
  assert.equal((await suggested(next))[0], 7);
});

Deno.test("where the predicted limit turns out too high, it is halved, and halved again", async () => {
  const { space, next } = chooser(14);
  told(next, space, [15, MISSED], [7, MISSED]);
  assert.equal((await suggested(next))[0], 3); // half of 7 is 3.5
});

Deno.test("scale is the measured over the predicted noise, and moves the limit", async () => {
  const { space, next } = chooser(6.5);
  assert.equal(next.scale, 1);
  told(next, space, [15, MISSED, 2]);
  near(next.scale, 2);
  near(next.limit, 3.25e-4);
  near(next.dropOf(1e-4), 0.2);
  assert.equal((await suggested(next))[0], 3);
});

Deno.test("in the scale those near the noise that the budget allows weigh most", () => {
  const { space, next } = chooser(8);
  // Measured: 8 of 4, which is what the budget allows; and 8 e^0.9 of 1.
  told(next, space, [4, KEPT, 2], [1, MISSED, 8 * Math.exp(0.9)]);
  const [close, far] = [1 / 0.1 ** 2, 1 / (0.1 + 0.9) ** 2];
  const mean = (close * Math.log(2) + far * Math.log(8 * Math.exp(0.9))) / (close + far);
  near(next.scale, Math.exp(mean));
  assert.ok(next.scale < 2.1);
});

Deno.test("a single layer is swapped for its faster form in what missed the budget, the largest gain first", async () => {
  const { space, next } = chooser(11);
  // Nothing lies between 11 and 12. What missed has layer 4 in int8, in the place of 1 and 2.
  told(next, space, [11, KEPT], [12, MISSED]);
  assert.deepEqual(await suggested(next), [15, "one more layer in its faster form"]);
});

Deno.test("a swap that was suggested is not suggested again, whatever came of it", async () => {
  const { space, next } = chooser(11);
  told(next, space, [11, KEPT], [12, MISSED]);
  assert.equal((await suggested(next))[0], 15);
  told(next, space, [15, MISSED]);
  assert.doesNotMatch((await suggested(next))[1], /one more layer/);
});

Deno.test("noise that buys next to nothing is taken out of the best", async () => {
  const space = layersSpace({ ...BINARY, n8: { saves: 0.001, noise: 8 } });
  const { next } = chooser(15, space);
  told(next, space, [15, KEPT]);
  assert.deepEqual(await suggested(next), [7, "as fast as the best, with less quantization error"]);
});

Deno.test("at last the front is filled on its accurate side, and then nothing is left", async () => {
  const { space, next } = chooser(15);
  told(next, space, [15, KEPT]);
  // A tenth of 15, a hundredth (no int8 at all), and a thousandth, which is the same.
  assert.deepEqual(await suggested(next), [1, "more accurate than the budget asks for"]);
  told(next, space, [1, KEPT]);
  assert.equal((await suggested(next))[0], 0);
  told(next, space, [0, KEPT]);
  assert.equal(await next.next(), undefined);
});

Deno.test("where nothing keeps the budget, float32 kernels among it, the search ends all the same", async () => {
  const { space, next } = chooser(1e-4);
  const asked: number[] = [];
  for (let suggestion: Suggestion | undefined; (suggestion = await next.next());) {
    const number = numberOf(suggestion.proposal);
    asked.push(number);
    told(next, space, [number, MISSED]);
  }
  assert.deepEqual(asked.slice(0, 2), [15, 0]); // below the least noise of a layer there is float32 alone
  assert.ok(asked.length <= 11, `${asked}`);
});

Deno.test("a budget of 0 comes to an end as well: no noise at all is allowed", async () => {
  const { space, next } = chooser(0);
  const asked: number[] = [];
  for (let suggestion: Suggestion | undefined; (suggestion = await next.next());) {
    const number = numberOf(suggestion.proposal);
    asked.push(number);
    told(next, space, [number, number > 0 ? MISSED : KEPT]);
  }
  assert.deepEqual(asked, [15, 0, 8, 4]); // then the layers that gain most, one each
});

Deno.test("of several exact forms the one with the least cost is suggested", async () => {
  const slow = layersSpace(BINARY);
  const fast = layersSpace({ ...BINARY, n8: { saves: 9, noise: 8 } });
  const next = new NextTrial([slow, fast], { maxDrop: 1, curve: STRAIGHT });
  assert.equal((await next.next())!.proposal.space, fast);
});

Deno.test("best is what costs least of all that kept the budget", () => {
  const { space, next } = chooser(6);
  assert.equal(next.best, undefined);
  told(next, space, [15, MISSED], [3, KEPT], [6, KEPT], [5, KEPT], [8, undefined]);
  assert.equal(numberOf(next.best!), 6);
});

Deno.test("a drop as large as the budget is kept, rounding aside", () => {
  const { space, next } = chooser(5);
  told(next, space, [6, 94.6 - 94.1]);
  assert.equal(numberOf(next.best!), 6);
});

Deno.test("reasons speak of size where size is what counts", async () => {
  const { next } = chooser(5, layersSpace(BINARY, "size"));
  assert.equal((await suggested(next))[1], "smallest mix with no limit on accuracy");
});

/** BINARY where a layer takes 1 of a limit as it is, and 2 where it is static. */
function limitedSpace(most: number): Proposal["space"] {
  const { base, sensitivities, objective } = layersSpace(BINARY);
  const kernels = base.problem.kernels.map((kernel) => ({
    ...kernel,
    choices: kernel.choices.map((one) => ({ ...one, takes: [one.kind === "static" ? 2 : 1] })),
  }));
  const problem = { ...base.problem, kernels, limits: [{ most, rounding: () => 0 }] };
  return searchSpace({ ...base, problem }, sensitivities, objective);
}

Deno.test("what takes too much to open is planned anew with three quarters of the limits, once", async () => {
  const { space, next } = chooser(6.5, limitedSpace(8));
  assert.equal((await suggested(next))[0], 15);
  const all = mix(space, 15);
  next.tell({ proposal: all, recipe: recipeOf(all) }, { drop: KEPT, isCostly: true });
  assert.equal(next.best, undefined);
  const again = (await next.next())!; // two layers, for three take 7 of 6
  assert.deepEqual([numberOf(again.proposal), again.why], [
    12,
    "fastest mix that takes less to open",
  ]);
  next.tell(again, { drop: KEPT, isCostly: true });
  assert.notEqual((await next.next())?.why, again.why);
});

Deno.test("planned anew, what missed the budget stays a limit", async () => {
  const missed = chooser(6.5, limitedSpace(8));
  const told15 = mix(missed.space, 15);
  missed.next.tell({ proposal: told15, recipe: recipeOf(told15) }, {
    drop: MISSED,
    isCostly: true,
  });
  assert.equal((await suggested(missed.next))[0], 6);
});
