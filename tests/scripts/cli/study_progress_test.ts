import assert from "node:assert/strict";
import { top1 } from "../../../lib/evaluate/metrics/top1.ts";
import { infoOf } from "../../../lib/evaluate/metric.ts";
import type { Trial } from "../../../lib/record/trial_record.ts";
import { createProgress } from "../../../scripts/cli/progress.ts";
import { duration, showStudy } from "../../../scripts/cli/study_progress.ts";

const around = (value: number, n = 500) => ({ value, low: value - 0.01, high: value + 0.01, n });
const trial: Trial = {
  key: "k1",
  name: "mixed · min-max",
  family: "mixed",
  recipe: { kind: "configuration", base: "fused", placement: "mixed" },
  executes: {},
  plan: [],
  accuracy: { split: "selection", value: around(94.2), difference: around(-0.4) },
  latency: {
    ...{ threads: 1, rounds: 15, ratio: around(0.61, 15) },
    ...{ baselineMs: 40, candidateMs: 24, drifted: false, machine: "" },
  },
  bytes: 2_140_000,
  seconds: 4,
};
const begin = {
  kind: "begin",
  title: "a",
  notes: [],
  planned: ["float32", "mixed · min-max"],
  reused: 1,
  collapsed: [{ name: "all · min-max", sameAs: "mixed · min-max" }],
  metric: infoOf(top1()),
  maxDrop: 0.5,
} as const;

function shown(live: boolean, columns = 200) {
  let written = "";
  const write = (text: string) => void (written += text);
  const clock = { ms: 0 };
  const progress = createProgress({ live, width: () => columns, write });
  const told: string[] = [];
  const tell = ({ name }: { name: string }) => Promise.resolve(void told.push(name));
  const show = showStudy(progress, "studies/a", tell, () => clock.ms);
  return { show, written: () => written, told, clock };
}

Deno.test("showStudy() writes a line a trial where nobody watches", async () => {
  const { show, written, told } = shown(false);
  await show(begin);
  await show({ kind: "step", step: "float32", done: 1, of: 2, all: 0.02 });
  assert.deepEqual([written(), told], ["", []]);
  const baseline = { selection: around(94.6), latencyMs: 40 };
  await show({ kind: "trial", trial, number: 1, of: 2, reused: true, best: trial, baseline });
  assert.equal(
    written(),
    "2 configurations; 1 measured already in studies/a\n" +
      "1 more point of the grid, with the same models:\n" +
      "  mixed · min-max is also all · min-max\n" +
      "trial 1 of 2 · mixed · min-max: ×0.61 [0.60, 0.62], 94.2 % (−0.40 points), 2.14 MB · " +
      "best so far ×0.61, −0.40 points (from an earlier run)\n",
  );
  await show({ kind: "trial", trial, number: 2, of: 2, reused: true, best: trial, baseline });
  assert.deepEqual(told, ["top-1"]); // once
});

Deno.test("showStudy() keeps one line on a terminal: trial, time left, best so far", async () => {
  const { show, written, clock } = shown(true);
  await show({ ...begin, reused: 0, collapsed: [] });
  const baseline = { selection: around(94.6), latencyMs: 40 };
  await show({ kind: "trial", trial, number: 1, of: 2, reused: false, best: trial, baseline });
  clock.ms = 30_000;
  await show({ kind: "step", step: "accuracy", about: "all", done: 9, of: 18, all: 0.25 });
  assert.equal(
    written().split("\r\x1b[2K").at(-1),
    "trial 2 of 2 · 1:30 left · best so far ×0.61, −0.40 points · all · accuracy 50 %",
  );
});

Deno.test("showStudy() tells of a search why each trial was tried, and how much of its time is left", async () => {
  const { planned: _, collapsed: __, ...search } = begin;
  const { show, written, clock } = shown(true);
  await show({ ...search, reused: 0, minutes: 5, notes: ["400 selection samples are too few."] });
  const baseline = { selection: around(94.6), latencyMs: 40 };
  const why = "fastest mix with no limit on accuracy";
  await show({ kind: "trial", trial: { ...trial, why }, number: 1, reused: false, baseline });
  clock.ms = 60_000;
  await show({ kind: "step", step: "timing kernels", done: 3, of: 12 });
  assert.match(written(), /400 selection samples are too few\./);
  assert.equal(
    written().split("\r\x1b[2K").at(-1),
    "4:00 left · nothing better than the model as given yet · timing kernels 25 %",
  );
});

Deno.test("duration() is short", () => {
  assert.deepEqual([0, 59.4, 125, 3725].map(duration), ["0 s", "59 s", "2:05", "1:02:05"]);
});
