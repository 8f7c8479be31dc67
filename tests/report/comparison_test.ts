import assert from "node:assert/strict";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import type { ComparisonRecord } from "../../lib/record/comparison_record.ts";
import { showComparison } from "../../lib/report/comparison.ts";
import { comparisonsOf } from "../../lib/report/comparison_chart.ts";

const RECORD: ComparisonRecord = {
  metric: infoOf(top1()),
  data: "visemes (test)",
  float32: { name: "lipnet.onnx", value: estimate(94.25, 93.1, 95.2, 2000), bytes: 7_748_833 },
  candidate: { name: "<int8>", value: estimate(94.0, 92.9, 95, 2000), bytes: 90_312 },
  difference: estimate(-0.25, -0.61, 0.09, 2000),
  outputs: { sqnr: 31.25, cosine: 0.999123 },
  latency: {
    threads: 1,
    rounds: 15,
    ratio: estimate(0.5149, 0.5, 0.53, 15),
    baselineMs: 41.234,
    candidateMs: 21.3,
    drifted: true,
    machine: "a machine",
  },
};

function estimate(value: number, low: number, high: number, n: number) {
  return { value, low, high, n };
}

Deno.test("a comparison prints as a table, with what its numbers rest on", () => {
  assert.equal(
    String(showComparison(RECORD)),
    `         float32              candidate                                     change
-------  -------------------  --------------------------------------------  ---------------------------
top-1    94.3 % [93.1, 95.2]  94.0 % [92.9, 95.0]                           −0.25 points [−0.61, +0.09]
time     41.2 ms              21.3 ms                                       ×0.51 [0.50, 0.53]
size     7.75 MB              90.3 kB                                       ×0.012
outputs                       SQNR 31.3 dB, cosine 0.99912 over all values
<int8> against lipnet.onnx on 2,000 samples of visemes (test); in brackets 95 % intervals.
The change of top-1 is within noise.
Time: 15 rounds in turns, 1 thread, a machine. The speed of the machine changed meanwhile: measure again.`,
  );
});

Deno.test("a comparison says whose time it is, where it is not the wall's", () => {
  const by = (clock: "thread" | "wall") => ({ ...RECORD, latency: { ...RECORD.latency!, clock } });
  assert.match(
    String(showComparison(by("thread"))),
    /1 thread, processor's time of the thread, a m/,
  );
  assert.match(String(showComparison(by("wall"))), /in turns, 1 thread, a machine/);
});

Deno.test("a comparison gives a notebook escaped HTML, and the text", () => {
  const comparison = showComparison(RECORD);
  const shown = comparison[JUPYTER_DISPLAY]();
  assert.equal(shown["text/plain"], String(comparison));
  assert.match(shown["text/html"]!, /^<table>.*<\/table><p>&#60;int8&#62; against lipnet/);
});

Deno.test("a comparison leaves out what was not measured, and calls a clear change none of noise", () => {
  const { latency: _, outputs: __, ...rest } = RECORD;
  const text = String(showComparison({ ...rest, difference: estimate(-1, -1.5, -0.4, 2000) }));
  assert.doesNotMatch(text, /time|outputs|noise/i);
  const equal = showComparison({ ...rest, outputs: { sqnr: null, cosine: 1 } });
  assert.match(String(equal), /outputs +equal to the bit/);
});

Deno.test("a comparison by closeness to float32 does not compare float32 with itself", () => {
  const text = String(
    showComparison({
      ...RECORD,
      metric: infoOf(sqnr()),
      float32: { ...RECORD.float32, value: estimate(150, 150, 150, 20) },
      candidate: { ...RECORD.candidate, value: estimate(12.4, 9.8, 15, 20) },
      difference: estimate(-137.6, -140.2, -135, 20),
    }),
  );
  // Of each sample here, of all values together there: the two may lie far apart.
  assert.match(text, /^SQNR, mean of samples {11}12\.4 dB \[9\.8, 15\.0\]$/m);
  assert.match(text, /^outputs +SQNR 31\.3 dB, cosine 0\.99912 over all values$/m);
});

Deno.test("comparisonsOf() gives a row for each, with sizes as everywhere else", () => {
  const { latency: _, ...untimed } = RECORD;
  const candidate = { ...RECORD.candidate, bytes: 412_000 };
  assert.equal(
    String(comparisonsOf({ dynamic: RECORD, mixed: { ...untimed, candidate } })),
    `         top-1, %           difference, points    time                  size  SQNR over all values, dB
-------  -----------------  --------------------  ------------------  ------  ------------------------
dynamic  94.0 [92.9, 95.0]  −0.25 [−0.61, +0.09]  ×0.51 [0.50, 0.53]  ×0.012                      31.3
mixed    94.0 [92.9, 95.0]  −0.25 [−0.61, +0.09]                      ×0.053                      31.3`,
  );
  const svg = comparisonsOf({ mixed: { ...untimed, candidate } })[JUPYTER_DISPLAY]();
  assert.match(svg["image/svg+xml"]!, /412 kB/);
  assert.match(svg["image/svg+xml"]!, /not timed/);
  assert.match(String(showComparison({ ...untimed, candidate })), /412 kB/);
  assert.equal(String(comparisonsOf({})), "Nothing was compared.");
});
