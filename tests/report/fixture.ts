import type { Estimate } from "../../lib/record/metric_info.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { infoOf } from "../../lib/evaluate/metric.ts";
import type { PlanRow } from "../../lib/record/plan_record.ts";
import type { Study } from "../../lib/record/study_record.ts";
import type { Trial } from "../../lib/record/trial_record.ts";

/** Deterministic noise in [0, 1): the minimal standard generator of Park and Miller. */
function noise(seed: number): () => number {
  let state = seed;
  return () => (state = state * 16807 % 2147483647) / 2147483647;
}

export function around(value: number, half: number, n: number): Estimate {
  return { value, low: value - half, high: value + half, n };
}

/** What a fixture says of a trial; the rest is filled in. */
export interface TrialSketch {
  name: string;
  family: string;
  difference?: number;
  ratio?: number;
  bytes?: number;
  plan?: PlanRow[];
  drifted?: boolean;
  error?: string;
}

/** A study around a few sketched trials: top-1 on 500 samples, float32 at 94.6 %, budget 0.5. */
export function studyOf(sketches: readonly TrialSketch[], changes: Partial<Study> = {}): Study {
  const baseline = changes.baseline ?? {
    selection: around(94.6, 2, 500),
    test: around(94.3, 1.02, 2000),
    latencyMs: 21.83,
  };
  const trials = sketches.map((sketch, i): Trial => {
    const { name, family, difference = 0, ratio = 1, bytes = 2_140_000, error } = sketch;
    const common = {
      key: i.toString(16).padStart(64, "0"),
      name,
      family,
      recipe: {
        kind: "configuration" as const,
        base: "fused" as const,
        placement: family,
        samples: i,
      },
      executes: {},
      plan: sketch.plan ?? [],
      seconds: 4.2,
    };
    if (error !== undefined) return { ...common, error };
    return {
      ...common,
      executes: { QLinearConv: 20, GRU: 2, Gemm: 1 },
      accuracy: {
        split: "selection",
        value: around(baseline.selection.value + difference, 2, 500),
        difference: around(difference, 0.4 + Math.abs(difference) * 0.2, 500),
      },
      outputs: { sqnr: 24.31 - Math.abs(difference), cosine: 0.99812 },
      latency: {
        threads: 1,
        rounds: 15,
        ratio: { value: ratio, low: ratio * 0.98, high: ratio * 1.02, n: 15 },
        baselineMs: 21.83,
        candidateMs: 21.83 * ratio,
        drifted: sketch.drifted ?? false,
        machine: "4-core x86-64",
      },
      bytes,
      modelHash: i.toString(16).padStart(64, "f"),
    };
  });
  return {
    schema: 1,
    title: "lipnet",
    model: {
      name: "lipnet.onnx",
      hash: "3f1c6f0f3a0d5b1c9e77aa52f4c1e8d2b6a90413c5d7e8f90123456789abcdef",
      bytes: 7_620_000,
      opset: 17,
      nodes: 74,
      parameters: 1_891_240,
    },
    data: {
      name: "visemes",
      labelled: true,
      splits: [
        { name: "calibration", samples: 200, hash: "aa".repeat(32) },
        { name: "selection", samples: 500, hash: "bb".repeat(32) },
        { name: "test", samples: 2000, hash: "cc".repeat(32) },
      ],
      seed: 1,
    },
    metric: infoOf(top1()),
    maxDrop: 0.5,
    baseline,
    trials,
    provenance: {
      command: "deno task sweep --out octavo-out",
      config: { maxDrop: 0.5, observers: ["minMax", "percentile"], percentiles: [99.9, 99.99] },
      versions: { deno: "2.9.6", v8: "14.9.207.2", "onnxruntime-web": "1.30.0" },
      machine: "Intel Xeon @ 2.60GHz, 2 cores, linux x86_64",
      workers: 2,
      threads: 1,
      reused: 0,
    },
    ...changes,
  };
}

/** A plan like that of a lip-reading network: front, a trunk of `blocks` blocks, GRU, classifier. */
export function planOf(blocks = 8): PlanRow[] {
  const row = (path: string, opType: string, asked: string, executes: string, why: string) => ({
    node: `/${path.replaceAll(".", "/")}/${opType}`,
    path,
    opType,
    asked,
    executes,
    why,
  });
  const rows = [
    row(
      "front.0",
      "Conv",
      "float32",
      "Conv",
      "rule “front”: a Conv3d with 1 input channel is slower in int8 (kernel fact 7)",
    ),
    row("front.1", "BatchNormalization", "float32", "", "folded into front.0"),
    row("front.2", "Relu", "float32", "", "folded into front.0"),
    row("front.3", "MaxPool", "float32", "MaxPool", "no int8 kernel for MaxPool3d"),
  ];
  for (let i = 0; i < blocks; i++) {
    const block = `trunk.layer${1 + (i >> 1)}.${i & 1}`;
    for (const j of [1, 2]) {
      rows.push(
        row(`${block}.conv${j}`, "Conv", "static", "QLinearConv", "rule { op: Conv }"),
        row(`${block}.bn${j}`, "BatchNormalization", "static", "", `folded into ${block}.conv${j}`),
        row(`${block}.relu${j}`, "Relu", "static", "", `folded into ${block}.conv${j}`),
      );
    }
    rows.push(row(block, "Add", "float32", "Add", "a lone Add is slower in int8"));
  }
  rows.push(
    row(
      "gru",
      "GRU",
      "weightOnly",
      "GRU",
      "rule { op: GRU }: weights int8 in the file, float32 in the kernel",
    ),
    row("fc", "Gemm", "dynamic", "MatMulIntegerToFloat", "rule { op: Gemm }"),
  );
  return rows;
}

/** A sweep as it comes out of the bundled sample: 30 trials, two failed, one hopeless, a winner. */
export function sweepStudy(count = 30): Study {
  const random = noise(7);
  const sketches: TrialSketch[] = [
    {
      name: "dynamic · GRU/Linear",
      family: "dynamic",
      difference: -0.2,
      ratio: 0.98,
      bytes: 6_310_000,
    },
    {
      name: "static · minMax · per-tensor · all that can",
      family: "static",
      difference: -92.2,
      ratio: 0.66,
      bytes: 2_010_000,
    },
    { name: "dynamic · Conv", family: "dynamic", difference: -0.4, ratio: 2.31, drifted: true },
    {
      name: "static · entropy · per-channel · CNN",
      family: "static",
      error:
        "Worker did not answer within 120 s and was replaced; try fewer samples or --timeout 300",
    },
    {
      name: "mixed | pipes <script>alert(1)</script>",
      family: "mixed",
      error: "Cannot run model: node “/gru/GRU” refused shape [16, 1, 24]\n    in session creation",
    },
  ];
  const observers = ["minMax", "percentile 99.9", "percentile 99.99", "percentile 99.999"];
  const placements = ["CNN", "CNN + Linear", "CNN + GRU/Linear"];
  for (let i = 0; sketches.length < count; i++) {
    const family = i % 3 === 0 ? "static" : "mixed";
    const granularity = (i >> 2) % 2 === 0 ? "per-channel" : "per-tensor";
    const name = [family, observers[i % 4], granularity, placements[i % 3]].join(" · ");
    sketches.push({
      name: sketches.some((other) => other.name === name) ? `${name} (${i})` : name,
      family,
      difference: Math.round((0.3 - random() * (granularity === "per-tensor" ? 2.6 : 1.2)) * 5) / 5,
      ratio: 0.42 + random() * 0.12 + (granularity === "per-tensor" ? 0 : 0.01),
      bytes: 2_050_000 + Math.round(random() * 8) * 30_000,
      plan: i === 1 ? planOf() : [],
    });
  }
  const study = studyOf(sketches);
  const winner = study.trials.find(({ plan }) => plan.length > 0)!;
  winner.accuracy = {
    split: "selection",
    value: around(94.4, 2.03, 500),
    difference: { value: -0.2, low: -0.92, high: 0.52, n: 500 },
  };
  winner.latency!.ratio = { value: 0.421, low: 0.412, high: 0.433, n: 15 };
  winner.file = "models/best.onnx";
  study.winner = {
    key: winner.key,
    reason: "The fastest of 9 configurations that lose at most 0.5 points on the selection split.",
    accuracy: {
      split: "test",
      value: around(94.1, 1.04, 2000),
      difference: { value: -0.2, low: -0.61, high: 0.21, n: 2000 },
    },
  };
  return study;
}

/** A study without labels: SQNR against float32, which itself counts as 150 dB, a point. */
export function relativeStudy(): Study {
  const study = studyOf(
    [
      { name: "static · CNN", family: "static", ratio: 0.61 },
      { name: "static · all", family: "static", ratio: 0.55 },
      { name: "dynamic · GRU", family: "dynamic", ratio: 1.2 },
      { name: "float32", family: "float32", ratio: 0.8 },
    ],
    {
      metric: infoOf(sqnr()),
      maxDrop: 120,
      baseline: { selection: around(150, 0, 64), latencyMs: 3.2 },
      data: { ...studyOf([]).data, labelled: false },
    },
  );
  for (const [i, sqnr] of [34.1, 22.8, 41.5, 141].entries()) {
    const { accuracy } = study.trials[i]!;
    accuracy!.value = around(sqnr, 1, 64);
    accuracy!.difference = around(sqnr - 150, 1, 64);
  }
  return { ...study, winner: { key: study.trials[0]!.key, reason: "The fastest of two." } };
}
