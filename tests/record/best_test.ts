import assert from "node:assert/strict";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { infoOf } from "../../lib/evaluate/metric.ts";
import type { Trial } from "../../lib/record/trial_record.ts";
import type { Budget } from "../../lib/record/budget.ts";
import { chooseWinner, whyChosen, worthKeeping } from "../../lib/record/best.ts";

const budget: Budget = {
  metric: infoOf(top1()),
  maxDrop: 0.5,
};

/** A trial by its difference in points, and its ratio within ±0.02. */
function trialOf(name: string, difference: number, ratio: number, bytes = 100): Trial {
  const estimate = (value: number, half: number) => ({
    ...{ value, low: value - half, high: value + half, n: 15 },
  });
  return {
    ...{ key: name, name, family: name, config: {}, executes: {}, plan: [], seconds: 1, bytes },
    accuracy: {
      split: "selection",
      value: estimate(94 + difference, 2),
      difference: estimate(difference, 0.3),
    },
    latency: {
      ...{ threads: 1, rounds: 15, ratio: estimate(ratio, 0.02) },
      ...{ baselineMs: 10, candidateMs: 10 * ratio, drifted: false, machine: "" },
    },
  };
}

Deno.test("chooseWinner() takes the fastest of those that keep the budget", () => {
  const trials = [trialOf("a", 0, 0.9), trialOf("b", -0.5, 0.6), trialOf("c", -0.6, 0.3)];
  assert.equal(chooseWinner(budget, trials)?.name, "b");
  assert.match(
    whyChosen(budget, trials),
    /Of 3 measured, 2 configurations lose at most 0\.5 points/,
  );
});

Deno.test("chooseWinner() keeps float32 where nothing is faster beyond doubt", () => {
  assert.equal(chooseWinner(budget, [trialOf("a", 0, 0.99), trialOf("b", 0.2, 1.4)]), undefined);
});

Deno.test("chooseWinner() takes a drop that binary arithmetic makes a trifle too large", () => {
  const drop = 94.1 - 94.6; // -0.5 in decimal
  assert.equal(chooseWinner(budget, [trialOf("a", drop, 0.5)])?.name, "a");
});

Deno.test("chooseWinner() holds what is no share to the worse end of its interval", () => {
  const inDecibels: Budget = {
    metric: infoOf(sqnr()),
    maxDrop: 120,
  };
  // Each within 0.3 dB.
  const trials = [trialOf("lucky", -119.9, 0.4), trialOf("sure", -119.6, 0.5)];
  assert.equal(chooseWinner(inDecibels, trials)?.name, "sure");
  assert.match(
    whyChosen(inDecibels, trials),
    /120 dB of SQNR \(at the worse end of the interval\)/,
  );
  const error = infoOf({ name: "error", unit: "mm", higherIsBetter: false });
  const rising = [trialOf("lucky", 0.4, 0.4), trialOf("sure", 0.1, 0.5)];
  assert.equal(chooseWinner({ metric: error, maxDrop: 0.5 }, rising)?.name, "sure");
});

Deno.test("chooseWinner() takes the smaller of two that the interval cannot tell apart", () => {
  const trials = [trialOf("a", 0, 0.5, 200), trialOf("b", 0, 0.515, 100), trialOf("c", 0, 0.6, 10)];
  assert.equal(chooseWinner(budget, trials)?.name, "b");
});

Deno.test("chooseWinner() takes what loses least where speed and size are the same", () => {
  const trials = [trialOf("a", -0.4, 0.5, 100), trialOf("b", 0.1, 0.51, 104)];
  assert.equal(chooseWinner(budget, trials)?.name, "b");
});

Deno.test("chooseWinner() counts a rise as a loss where lower is better", () => {
  const metric = infoOf({ name: "error", unit: "%", higherIsBetter: false });
  const trials = [trialOf("worse", 0.9, 0.4), trialOf("better", -0.9, 0.5)];
  assert.equal(chooseWinner({ ...budget, metric }, trials)?.name, "better");
});

Deno.test("chooseWinner() passes over what failed or was not finished", () => {
  const failed = { ...trialOf("a", 0, 0.3), error: "no kernel" };
  const { latency: _, ...unfinished } = trialOf("b", 0, 0.4);
  assert.equal(chooseWinner(budget, [failed, unfinished]), undefined);
});

Deno.test("worthKeeping() is the front of accuracy and latency, as far as it is faster", () => {
  const trials = [
    trialOf("fastest", -2, 0.3),
    trialOf("beaten", -2.5, 0.4),
    trialOf("exact", 0, 0.6),
    trialOf("slower", 0.5, 1.2),
  ];
  assert.deepEqual(worthKeeping(budget, trials).map(({ name }) => name), ["fastest", "exact"]);
});
