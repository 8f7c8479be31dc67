import assert from "node:assert/strict";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import {
  bestTrial,
  closestTrial,
  type Contest,
  trialFront,
  whyBest,
} from "../../lib/record/best.ts";
import { isMeasured, type Trial } from "../../lib/record/trial_record.ts";

/** Half a point of top-1, against float32 of 400 bytes. */
const contest: Contest = { metric: infoOf(top1()), maxDrop: 0.5, model: { bytes: 400 } };

/** Names of the best by latency and by size. */
function bestOf(trials: readonly Trial[], judged = contest) {
  return (["latency", "size"] as const).map((by) => bestTrial(judged, trials, by)?.name);
}

const RECIPE = { kind: "configuration", base: "fused", placement: "mixed" } as const;

/** A trial by its difference in points within ±0.3, its ratio within ±0.02, and its bytes. */
function trialOf(name: string, difference: number, ratio: number, bytes = 400): Trial {
  const estimate = (value: number, half: number) => ({
    ...{ value, low: value - half, high: value + half, n: 15 },
  });
  return {
    ...{ key: name, name, family: name, recipe: RECIPE, executes: {}, plan: [], seconds: 1, bytes },
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

Deno.test("bestTrial() takes the fastest of those that keep the budget", () => {
  const trials = [trialOf("a", 0, 0.9), trialOf("b", -0.5, 0.6), trialOf("c", -0.6, 0.3)];
  assert.equal(bestTrial(contest, trials)?.name, "b");
  assert.equal(
    whyBest(contest, trials),
    "2 of 3 configurations lose at most 0.5 points of top-1 on the selection split and are " +
      "significantly faster than float32 (95 %). The fastest was chosen; ties go to the smaller " +
      "file, then to the smaller loss.",
  );
});

Deno.test("bestTrial() leaves out what is slower at one of the lengths asked for, and says so", () => {
  const at = (trial: Trial, ...ratios: number[]): Trial => ({
    ...trial,
    latency: {
      ...trial.latency!,
      at: ratios.map((value, i) => ({
        ...{ name: `length ${16 << i}`, length: 16 << i, baselineMs: 1, candidateMs: value },
        ratio: { value, low: value - 0.1, high: value + 0.1, n: 15 },
      })),
    },
  });
  const fast = at(trialOf("fast", 0, 0.5), 1.25, 0.2);
  const even = at(trialOf("even", 0, 0.8), 1.05, 0.7); // which is noise
  assert.deepEqual(bestOf([fast, even]), ["even", "even"]);
  assert.match(
    whyBest(contest, [fast, even]),
    /^1 of 2 .* fast is left out: at length 16 it takes ×1\.25 \[1\.15, 1\.35\] of float32's time\.$/,
  );
  assert.equal(bestTrial(contest, [fast]), undefined);
  assert.match(whyBest(contest, [fast]), /^fast is left out: .* No other is an improvement\./);
});

/** A trial whose session takes a multiple of float32's time to create, within ±0.1. */
function createdIn(trial: Trial, ratio: number, heap = 1): Trial {
  const same = (value: number) => ({
    ...{ baseline: 100, candidate: 100 * value },
    ratio: { value, low: value - 0.1, high: value + 0.1, n: 6 },
  });
  const coldStart = { rounds: 6, clock: "thread" as const, create: same(ratio) };
  return { ...trial, coldStart: { ...coldStart, first: same(1), heap: same(heap) } };
}

Deno.test("bestTrial() leaves out whose session is slow to create beyond doubt, and says so", () => {
  const limited = { ...contest, maxCreate: 2 };
  const slow = createdIn(trialOf("slow", 0, 0.5), 2.2);
  const doubtful = createdIn(trialOf("doubtful", 0, 0.6), 2.05);
  const plain = trialOf("plain", 0, 0.7); // whose cold start nobody measured
  assert.equal(bestTrial(contest, [slow, doubtful])?.name, "slow", "without a limit");
  assert.deepEqual(bestOf([slow, doubtful, plain], limited), ["doubtful", "doubtful"]);
  assert.match(
    whyBest(limited, [slow, doubtful, plain]),
    /^2 of 3 .* slow is left out: it takes ×2\.20 \[2\.10, 2\.30\] of float32's time to create a session, above the limit of ×2 \(maxCreate\)\.$/,
  );
  assert.doesNotMatch(whyBest(limited, [doubtful, plain]), /maxCreate/);
  const once = { ...slow, coldStart: { ...slow.coldStart!, rounds: 2 } }; // which proves nothing
  assert.equal(bestTrial(limited, [once, doubtful])?.name, "slow");
  const other = createdIn(trialOf("other", 0, 0.8), 4);
  assert.equal(bestTrial(limited, [slow, other]), undefined);
  assert.match(
    whyBest(limited, [slow, other]),
    /^slow and 1 more are left out: the first takes .* No other is an improvement\. The model as given stays\.$/,
  );
});

Deno.test("bestTrial() leaves out what takes too much memory, and says each limit that a model is above", () => {
  const limited = { ...contest, maxCreate: 2, maxHeap: 3 };
  const trials = [createdIn(trialOf("large", 0, 0.5), 2.2, 3.2), trialOf("plain", 0, 0.7)];
  assert.equal(bestTrial(limited, trials)?.name, "plain");
  assert.match(
    whyBest(limited, trials),
    / above the limit of ×2 \(maxCreate\); and ×3\.20 .* of float32's WASM heap, above the limit of ×3 \(maxHeap\)\.$/,
  );
  assert.equal(bestTrial({ ...limited, maxCreate: Infinity }, trials)?.name, "plain");
  assert.equal(bestTrial(contest, trials)?.name, "large");
});

Deno.test("bestTrial() by download takes what is smallest after brotli", () => {
  const of = (name: string, bytes: number, brotli?: number): Trial => ({
    ...trialOf(name, 0, 0.9, bytes),
    ...(brotli !== undefined && { download: { gzip: brotli, brotli } }),
  });
  const trials = [of("small file", 100, 90), of("small download", 150, 50), of("untold", 120)];
  assert.equal(bestTrial(contest, trials, "size")?.name, "small file");
  assert.equal(bestTrial(contest, trials, "download")?.name, "small download");
  assert.match(whyBest(contest, trials, "download"), /The smallest download \(after brotli\) was/);
});

Deno.test("bestTrial() keeps the model as given where nothing is faster or smaller", () => {
  const trials = [trialOf("a", 0, 0.99), trialOf("b", 0.2, 1.4, 100)];
  assert.deepEqual(bestOf(trials), [undefined, undefined]);
  assert.equal(
    whyBest(contest, trials),
    "2 of 2 configurations lose at most 0.5 points of top-1 on the selection split, but none is " +
      "significantly faster than float32 (95 %), or no slower and more than 5 % smaller. The model " +
      "as given stays.",
  );
});

Deno.test("bestTrial() takes what is as fast and a quarter of the size, but not what is alike", () => {
  const asFast = (bytes: number) => {
    const trial = trialOf("a", 0, 0.99, bytes);
    trial.latency!.ratio = { value: 0.99, low: 0.97, high: 1.02, n: 15 };
    return trial;
  };
  assert.deepEqual(bestOf([asFast(100)]), ["a", "a"]);
  assert.match(whyBest(contest, [asFast(100)]), /is significantly faster .* or no slower and more/);
  assert.deepEqual(bestOf([asFast(400)]), [undefined, undefined]);
  // 5 % less is of the same size to a reader.
  assert.deepEqual(bestOf([asFast(380)]), [undefined, undefined]);
  assert.deepEqual(bestOf([asFast(379)]), ["a", "a"]);
});

Deno.test("bestTrial() passes over what is significantly slower, however small", () => {
  // Down to 1.00 and 1.01.
  const trials = [trialOf("reaches 1", 0, 1.02, 100), trialOf("slower", 0, 1.03, 10)];
  assert.deepEqual(bestOf(trials), ["reaches 1", "reaches 1"]);
});

Deno.test("bestTrial() takes a drop that binary arithmetic makes a trifle too large", () => {
  const drop = 94.1 - 94.6; // -0.5 in decimal
  assert.equal(bestTrial(contest, [trialOf("a", drop, 0.5)])?.name, "a");
});

Deno.test("bestTrial() holds what is no share to the worse end of its interval", () => {
  const inDecibels = { ...contest, metric: infoOf(sqnr()), maxDrop: 120 };
  // Each within 0.3 dB.
  const trials = [trialOf("lucky", -119.9, 0.4), trialOf("sure", -119.6, 0.5)];
  assert.equal(bestTrial(inDecibels, trials)?.name, "sure");
  assert.match(
    whyBest(inDecibels, trials),
    /120 dB of SQNR \(judged by the worse end of the interval\)/,
  );
  const error = infoOf({ name: "error", unit: "mm", higherIsBetter: false });
  const rising = [trialOf("lucky", 0.4, 0.4), trialOf("sure", 0.1, 0.5)];
  assert.equal(bestTrial({ ...contest, metric: error }, rising)?.name, "sure");
});

Deno.test("bestTrial() takes the smaller of two that the interval cannot tell apart", () => {
  const trials = [trialOf("a", 0, 0.5, 200), trialOf("b", 0, 0.515, 100), trialOf("c", 0, 0.6, 10)];
  assert.deepEqual(bestOf(trials), ["b", "c"]);
});

Deno.test("bestTrial() by latency takes what is faster for certain before what may be, and is smaller", () => {
  const perhaps = trialOf("perhaps", 0, 0.99, 100);
  assert.deepEqual(bestOf([perhaps, trialOf("certain", 0, 0.97, 300)]), ["certain", "perhaps"]);
  assert.deepEqual(bestOf([perhaps]), ["perhaps", "perhaps"]);
});

Deno.test("bestTrial() by size takes the faster of two that are of one size", () => {
  // 104 is within 5 % of 100, 106 is not.
  const trials = [trialOf("a", 0, 0.7, 100), trialOf("b", 0, 0.5, 104), trialOf("c", 0, 0.3, 106)];
  assert.deepEqual(bestOf(trials), ["c", "b"]);
  assert.match(
    whyBest(contest, trials, "size"),
    /The smallest was chosen; ties \(within 5 %\) go to the faster/,
  );
});

Deno.test("bestTrial() takes what loses least where speed and size are the same", () => {
  const trials = [trialOf("a", -0.4, 0.5, 100), trialOf("b", 0.1, 0.51, 104)];
  assert.deepEqual(bestOf(trials), ["b", "b"]);
});

Deno.test("bestTrial() takes the lower ratio of those that lose the same, then the first by name", () => {
  const trials = [trialOf("a", 0, 0.51, 100), trialOf("c", 0, 0.5, 100), trialOf("b", 0, 0.5, 100)];
  assert.deepEqual(bestOf(trials), ["b", "b"]);
});

Deno.test("bestTrial() counts a rise as a loss where lower is better", () => {
  const metric = infoOf({ name: "error", unit: "%", higherIsBetter: false });
  const trials = [trialOf("worse", 0.9, 0.4), trialOf("better", -0.9, 0.5)];
  assert.equal(bestTrial({ ...contest, metric }, trials)?.name, "better");
});

Deno.test("bestTrial() passes over what failed or was not finished", () => {
  const failed = { ...trialOf("a", 0, 0.3), error: "no kernel" };
  const { latency: _, ...unfinished } = trialOf("b", 0, 0.4);
  assert.deepEqual([failed, unfinished].map(isMeasured), [false, false]);
  assert.equal(bestTrial(contest, [failed, unfinished]), undefined);
  assert.equal(closestTrial(contest, [failed, unfinished]), undefined);
});

Deno.test("closestTrial() is the one that misses the budget by least", () => {
  const trials = [trialOf("a", -3, 0.3), trialOf("c", -0.7, 0.9), trialOf("b", -0.7, 0.8)];
  assert.equal(bestTrial(contest, trials), undefined);
  assert.equal(closestTrial(contest, trials)?.name, "b");
  assert.equal(
    whyBest(contest, trials),
    "None of 3 configurations loses at most 0.5 points of top-1 on the selection split; b comes " +
      "closest. The model as given stays.",
  );
});

Deno.test("trialFront() is the front of latency, loss and size, as far as it is an improvement", () => {
  const trials = [
    trialOf("exact", 0, 0.6),
    trialOf("fastest", -2, 0.3),
    trialOf("beaten", -2.5, 0.4),
    trialOf("smallest", -2.5, 0.5, 100),
    trialOf("slower", 0.5, 1.2, 10),
    trialOf("alike", 0.5, 1),
  ];
  assert.deepEqual(trialFront(contest, trials).map(({ name }) => name), [
    "fastest",
    "smallest",
    "exact",
  ]);
});

Deno.test("trialFront() holds the best trial of every budget", () => {
  let state = 1;
  const random = () => (state = state * 16807 % 2147483647) / 2147483647;
  for (let round = 0; round < 20; round++) {
    const trials = Array.from(
      { length: 12 },
      (_, i) => trialOf(`${i}`, -4 * random(), 0.3 + 0.9 * random(), 50 + 400 * random()),
    );
    const front = trialFront(contest, trials);
    for (const maxDrop of [0.5, 1, 2, 4]) {
      for (const by of ["latency", "size"] as const) {
        const best = bestTrial({ ...contest, maxDrop }, trials, by);
        assert.ok(best === undefined || front.includes(best), `round ${round}, ${maxDrop}, ${by}`);
      }
    }
  }
});

Deno.test("bestTrial() takes no trial whose time is not settled, and says why", () => {
  const unsettled = trialOf("a", 0, 0.4, 100);
  unsettled.latency!.ratio = { value: 0.4, low: 0.07, high: 0.91, n: 15 };
  unsettled.latency!.load = { average: 17.2, cores: 2 };
  assert.deepEqual(bestOf([unsettled]), [undefined, undefined]);
  assert.equal(
    whyBest(contest, [unsettled]),
    "The machine is busy (load 17 on 2 cores): times mean nothing yet. No winner was chosen.",
  );
  // Its file is kept all the same, as it is smaller, but not beside one that is known to be better.
  assert.deepEqual(trialFront(contest, [unsettled]).map(({ name }) => name), ["a"]);
  const known = trialOf("b", 0, 0.8, 100);
  assert.deepEqual(bestOf([unsettled, known]), ["b", "b"]);
  assert.deepEqual(trialFront(contest, [unsettled, known]).map(({ name }) => name), ["b"]);
});
