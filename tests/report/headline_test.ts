import assert from "node:assert/strict";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { caveats, headline } from "../../lib/report/headline.ts";
import type { Study } from "../../lib/record/study_record.ts";
import { around, relativeStudy, studyOf, sweepStudy } from "./fixture.ts";

function withWinner(study: Study, index: number, accuracy?: Study["winner"]): Study {
  return { ...study, winner: { key: study.trials[index]!.key, reason: "Because.", ...accuracy } };
}

Deno.test("headline() tells winner, ratio, size, accuracy and difference with their intervals", () => {
  assert.equal(
    headline(sweepStudy()),
    "mixed · percentile 99.9 · per-channel · CNN + Linear runs at ×0.42 [0.41, 0.43] of float32's " +
      "time and takes 2.17 MB instead of 7.62 MB (×0.28); top-1 is 94.1 % [93.1, 95.1] on 2,000 " +
      "test samples, where float32 has 94.3 %: −0.20 points [−0.61, +0.21] against float32 on the same samples.",
  );
});

Deno.test("headline() says what an int8 file has itself, where float32 is beside it", () => {
  const reference = { name: "float32.onnx", hash: "", bytes: 9 };
  const own = {
    split: "selection" as const,
    value: around(93.1, 1, 500),
    difference: around(-1.5, 1, 500),
  };
  const given = {
    form: "int8" as const,
    reference,
    accuracy: { selection: own, test: { ...own, split: "test" as const } },
  };
  assert.match(
    headline({ ...sweepStudy(), given }),
    /of the given file's time .* where float32 has 94\.3 % and the given file 93\.1 %: −0\.20 points/,
  );
  const relative = withWinner({ ...relativeStudy(), given }, 0);
  assert.match(headline(relative), /selection samples, where the given file has 93\.1 dB/);
});

Deno.test("headline() says that nothing kept the budget, and what came closest", () => {
  const study = studyOf([
    { name: "a", family: "static", difference: -3, ratio: 0.4 },
    { name: "b", family: "static", difference: -1.2, ratio: 0.5 },
  ]);
  assert.match(
    headline(study),
    /^No configuration kept the budget of 0\.5 points: the closest, b, runs at ×0\.50/,
  );
});

Deno.test("headline() says that nothing was an improvement", () => {
  const study = studyOf([
    { name: "a", family: "static", difference: -3, ratio: 0.4 },
    { name: "b", family: "dynamic", difference: 0, ratio: 0.99, bytes: 7_620_000 },
  ]);
  assert.equal(
    headline(study),
    "The model as given stays: no configuration that kept the budget of 0.5 points was significantly " +
      "faster, or as fast and smaller; the fastest, b, ran at ×0.99 [0.97, 1.01] of its time.",
  );
  assert.match(
    headline(withWinner(study, 1)),
    /^b is not significantly faster than float32 \(×0\.99/,
  );
  const slow = studyOf([{ name: "c", family: "dynamic", difference: 0, ratio: 2.3 }]);
  assert.match(headline(withWinner(slow, 0)), /^c is slower than float32 \(×2\.30 /);
});

Deno.test("headline() says what is known before a winner is chosen", () => {
  const study = studyOf([{ name: "a", family: "static", difference: -0.2, ratio: 0.4 }]);
  assert.match(headline(study), /^No winner has been chosen yet; so far a is the best/);
});

Deno.test("headline() of an empty study and of one that failed altogether", () => {
  assert.equal(
    headline(studyOf([])),
    "No configuration has been measured yet; float32 has top-1 94.6 % [92.6, 96.6] " +
      "on 500 selection samples.",
  );
  assert.match(
    headline(studyOf([{ name: "a", family: "static", error: "boom" }])),
    /^No configuration could be measured \(1 failed\): float32 stays, with top-1 94\.6 %/,
  );
});

Deno.test("headline() says where the test split misses the budget that selection kept", () => {
  const study = withWinner(
    studyOf([{ name: "a", family: "static", difference: -0.4, ratio: 0.4 }]),
    0,
    {
      key: "0".padStart(64, "0"),
      reason: "",
      accuracy: {
        split: "test",
        value: around(93.6, 1, 2000),
        difference: around(-0.7, 0.4, 2000),
      },
    },
  );
  assert.match(headline(study), /same samples, beyond the budget of 0\.5 points\.$/);
  assert.ok(!caveats(study).some((note) => note.includes("too few")));
});

Deno.test("headline() gives a relative metric as it is, without a difference", () => {
  assert.equal(
    headline(relativeStudy()),
    "static · CNN runs at ×0.61 [0.60, 0.62] of float32's time and takes 2.14 MB instead of " +
      "7.62 MB (×0.28); SQNR is 34.1 dB [33.1, 35.1] on 64 selection samples.",
  );
});

Deno.test("headline() tells a float32 winner from float32 as given", () => {
  const study = studyOf([{ name: "float32", family: "float32", difference: 0, ratio: 0.7 }]);
  assert.match(headline(withWinner(study, 0)), /^float32 after exact rewrites runs at ×0\.70/);
});

Deno.test("headline() counts a loss upwards where lower is better", () => {
  const study = studyOf([{ name: "a", family: "static", difference: 0.4, ratio: 0.5 }], {
    metric: infoOf({ name: "WER", unit: "%", higherIsBetter: false }),
  });
  assert.match(headline(withWinner(study, 0)), /^a runs at .* \+0\.40 points \[/);
  const gain = studyOf([{ name: "a", family: "static", difference: -9, ratio: 0.5 }], {
    metric: infoOf({ name: "WER", unit: "%", higherIsBetter: false }),
  });
  assert.match(headline(withWinner(gain, 0)), /^a runs at /);
});

Deno.test("caveats() names wide intervals, the wrong split, drift and failures", () => {
  const study = withWinner(
    studyOf([
      { name: "a", family: "static", difference: -0.4, ratio: 0.4, drifted: true },
      { name: "b", family: "static", error: "boom" },
    ]),
    0,
  );
  assert.deepEqual(caveats(study), [
    "The interval of the difference reaches beyond the budget of 0.5 points: 500 samples are " +
    "too few to show that it is kept.",
    "The accuracy is that of the selection split, on which the winner was chosen, so it is likely a " +
    "little too high; the test split has not been used.",
    "The speed of the machine changed while 1 of 1 configuration was timed, the winner among them; its ratio is " +
    "less certain than the interval says.",
    "1 of 2 configurations failed; the reasons are listed below.",
  ]);
});

Deno.test("caveats() says first that a study was stopped", () => {
  const study = studyOf([{ name: "a", family: "static", ratio: 0.4 }], { planned: 11 });
  assert.equal(
    caveats(study)[0],
    "The study was stopped after 1 of 11 configurations; the others are not in it.",
  );
});

Deno.test("caveats() is silent where there is nothing to warn of", () => {
  const study = withWinner(
    studyOf([{ name: "a", family: "static", difference: 0.6, ratio: 0.4 }]),
    0,
    {
      key: "0".padStart(64, "0"),
      reason: "",
      accuracy: { split: "test", value: around(95, 1, 2000), difference: around(0.6, 0.4, 2000) },
    },
  );
  assert.deepEqual(caveats(study), []);
});

Deno.test("headline() names no winner and nothing slower where the machine was busy", () => {
  const study = studyOf([
    { name: "static", family: "static", ratio: 0.4, bytes: 2_210_000 },
    { name: "dynamic", family: "dynamic", ratio: 27.6 },
  ]);
  for (const { latency } of study.trials) {
    Object.assign(latency!.ratio, { low: 0.08, high: 43.29 });
    latency!.load = { average: 17, cores: 2 };
  }
  assert.equal(
    headline(study),
    "The machine is busy (load 17 on 2 cores): times mean nothing yet. So no winner was chosen; " +
      "dynamic keeps the budget of 0.5 points at ×0.28 of float32's size; top-1 is 94.6 % " +
      "[92.6, 96.6] on 500 selection samples, where float32 has 94.6 %: 0.00 points [−0.40, +0.40] against float32 on the " +
      "same samples.",
  );
  assert.deepEqual(caveats(study), [
    "That holds for 2 of 2 configurations.",
    "What to do next: end what else runs on this machine, and give the same command --fresh.",
  ]);
});
