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

Deno.test("a comparison has a row for each length that was timed", () => {
  const at = [{
    ...{ name: "length 16", length: 16, baselineMs: 8.25, candidateMs: 9.5 },
    ratio: estimate(1.15, 1.1, 1.2, 15),
  }];
  const shown = String(showComparison({ ...RECORD, latency: { ...RECORD.latency!, at } }));
  assert.match(shown, /^time, length 16 +8\.25 ms +9\.50 ms +×1\.15 \[1\.10, 1\.20\]$/m);
  assert.match(shown, /its ratio is the geometric mean of theirs\.$/m);
});

Deno.test("a comparison says whose time it is, where it is not the wall's", () => {
  const by = (clock: "thread" | "wall") => ({ ...RECORD, latency: { ...RECORD.latency!, clock } });
  assert.match(
    String(showComparison(by("thread"))),
    /1 thread, processor's time of the thread, a m/,
  );
  assert.match(String(showComparison(by("wall"))), /in turns, 1 thread, a machine/);
});

Deno.test("a comparison tells what a page downloads and waits for, in its table and in words", () => {
  const compared = (baseline: number, candidate: number) => {
    const ratio = candidate / baseline;
    return { baseline, candidate, ratio: estimate(ratio, ratio - 0.1, ratio + 0.1, 6) };
  };
  const coldStart = {
    ...{ rounds: 6, clock: "thread" as const },
    create: compared(100, 180),
    first: compared(12, 9),
    heap: compared(2 ** 24, 2 ** 25),
  };
  const float32 = { ...RECORD.float32, download: { gzip: 7_200_000, brotli: 7_100_000 } };
  const candidate = { ...RECORD.candidate, download: { gzip: 80_000, brotli: 75_000 } };
  const { latency: _, outputs: __, ...rest } = RECORD;
  const lines = String(showComparison({ ...rest, float32, candidate, coldStart })).split("\n")
    .map((line) => line.trimEnd().replace(/ {2,}/g, "  "));
  assert.deepEqual(lines.slice(3, 8), [
    "size  7.75 MB  90.3 kB  ×0.012",
    "size after brotli  7.10 MB  75.0 kB  ×0.011",
    "create session  100 ms  180 ms  ×1.80 [1.70, 1.90]",
    "first result  12.0 ms  9.00 ms  ×0.75 [0.65, 0.85]",
    "WASM heap  16.8 MB  33.6 MB  ×2.00 [1.90, 2.10]",
  ]);
  assert.deepEqual(lines.slice(-2), [
    "Cold start: 6 fresh workers per model, in turns, one thread, time of the thread; the runtime itself " +
    "had started before.",
    "On a page: 75.0 kB to download after brotli, 30.0 ms at 20 Mbit/s, 180 ms to create the session " +
    "(×1.80 [1.70, 1.90] of float32's), 9.00 ms for the first result (×0.75 [0.65, 0.85] of float32's).",
  ]);
  const steady = compared(900, 2200);
  const more = String(showComparison({ ...RECORD, coldStart: { ...coldStart, steady } }));
  assert.match(more, /until steady +900 ms +2200 ms +×2\.44/);
  assert.match(more, /On a page: 180 ms .*, 2200 ms of running until a run is as fast as it gets/);
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
  assert.doesNotMatch(String(equal), /nodes/);
  const counted = showComparison({
    ...RECORD,
    float32: { ...RECORD.float32, nodes: { file: 380, executed: 100 } },
    candidate: { ...RECORD.candidate, nodes: { file: 1261, executed: 250 } },
  });
  assert.match(String(counted), /^nodes that run +100 of 380 +250 of 1,261 +×2\.50$/m);
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

Deno.test("a comparison with a file that is int8 already says so, and nothing of float32", () => {
  const given = { form: "int8" as const, layers: "12 layers static" };
  const start = { baseline: 90, candidate: 60, ratio: estimate(0.67, 0.6, 0.7, 6) };
  const coldStart = {
    rounds: 6,
    clock: "thread" as const,
    create: start,
    first: start,
    heap: start,
  };
  const record = { ...RECORD, given, coldStart };
  const shown = String(showComparison(record));
  assert.match(shown, /^ +as given +candidate +change/);
  assert.match(shown, /against lipnet\.onnx \(int8 already: 12 layers static\) on 2,000 samples/);
  assert.match(shown, /\(×0\.67 \[0\.60, 0\.70\] of the given file's\)/);
  const chart = comparisonsOf({ mended: record })[JUPYTER_DISPLAY]()["image/svg+xml"]!;
  assert.ok(chart.includes("top-1, time and size against the given file"));
  assert.ok(chart.includes("size, × the given file's") && chart.includes(">as given<"));
  for (const text of [shown, chart]) assert.doesNotMatch(text, /float32/);
});

Deno.test("a comparison of an int8 file beside float32 has how close both are to that", () => {
  const reference = { name: "original.onnx", hash: "", bytes: 9 };
  const shown = String(showComparison({
    ...RECORD,
    given: { form: "int8", reference },
    float32: { ...RECORD.float32, outputs: { sqnr: 25.5, cosine: 0.99 } },
  }));
  assert.match(
    shown,
    /^top-1 .*94\.3 % .* 94\.0 % .* −0\.25 points \[−0\.61, \+0\.09\] from float32$/m,
  );
  assert.match(shown, /^outputs +SQNR 25\.5 dB, .* +SQNR 31\.3 dB/m);
  assert.match(
    shown,
    /^Outputs of both are compared with those of original\.onnx, a float32 network\.$/m,
  );
});
