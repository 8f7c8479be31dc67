import { z } from "zod";
import type { ConsideredForm } from "./layer_choices.ts";
import type { GivenRecord } from "./given_record.ts";
import type { Json } from "./json.ts";
import type { KernelTimesRecord } from "./kernel_times_record.ts";
import type { MetricInfo } from "./metric_info.ts";
import { OBJECTIVES } from "./objective.ts";
import type { ProfiledNode, ProfileRecord } from "./profile_record.ts";
import type { RangesRecord, TensorRange } from "./ranges_record.ts";
import { schemaOf } from "./schema_of.ts";
import type { DecisionRow, SearchRecord } from "./search_record.ts";
import type { SplitInfo, Study } from "./study_record.ts";
import {
  accuracy,
  download,
  estimate,
  nodeCounts,
  outputError,
  planRow,
  ranIn,
  trial,
} from "./trial_schema.ts";

/** Schemas of a study and its parts; `study_record.ts` says what they mean. */

const json: z.ZodType<Json, Json> = z.json();

export const metricInfo = schemaOf<MetricInfo>()(
  z.strictObject({
    name: z.string(),
    unit: z.string(),
    digits: z.int().min(0).max(20).optional(),
    higherIsBetter: z.boolean(),
    share: z.boolean(),
    perfect: z.number().optional(),
    maxDrop: z.number().optional(),
    signalToNoise: z.boolean().optional(),
    why: z.string().optional(),
  }),
);

const splitInfo = schemaOf<SplitInfo>()(
  z.strictObject({
    name: z.enum(["calibration", "selection", "test"]),
    samples: z.int(),
    hash: z.string(),
  }),
);

export const kernelTimesRecord = schemaOf<KernelTimesRecord>()(
  z.strictObject({
    path: z.string().optional(),
    problem: z.string().optional(),
    measured: z.int(),
    disturbed: z.int(),
    taken: z.int(),
    at: z.string(),
    oldest: z.string().optional(),
    newest: z.string().optional(),
  }),
);

const profiledNode = schemaOf<ProfiledNode>()(
  z.strictObject({
    node: z.string(),
    opType: z.string(),
    path: z.string(),
    covers: z.array(z.string()),
    depth: z.int(),
    executions: z.int(),
    shape: z.array(z.int()),
    ms: z.number(),
    share: z.number(),
    macs: z.int().optional(),
  }),
);

export const profileRecord = schemaOf<ProfileRecord>()(
  z.strictObject({
    schema: z.literal(1),
    model: z.strictObject({ name: z.string(), hash: z.string(), bytes: z.int() }),
    inputs: z.record(z.string(), z.array(z.int())),
    threads: z.int(),
    method: z.enum(["graph", "alone"]),
    runs: z.int(),
    wholeMs: z.number(),
    nodes: z.array(profiledNode),
    machine: z.string(),
    runtime: ranIn.optional(),
    load: z.number(),
    drifted: z.boolean(),
  }),
);

const tensorRange = schemaOf<TensorRange>()(
  z.strictObject({
    tensor: z.string(),
    opType: z.string(),
    path: z.string(),
    count: z.number(),
    min: z.number(),
    max: z.number(),
    histogram: z.strictObject({
      start: z.number(),
      width: z.number(),
      counts: z.array(z.number()),
    }),
    clips: z.array(z.strictObject({
      observer: z.string(),
      min: z.number(),
      max: z.number(),
      dB: z.number().nullable(),
    })),
  }),
);

const rangesRecord = schemaOf<RangesRecord>()(
  z.strictObject({
    samples: z.int(),
    tensors: z.array(tensorRange),
    others: z.int(),
  }),
);

const consideredForm = schemaOf<ConsideredForm>()(
  z.strictObject({
    form: z.string(),
    chosen: z.boolean(),
    ms: z.number().optional(),
    nodes: z.number().optional(),
    nodesMs: z.number().optional(),
    moreMs: z.number().optional(),
    dB: z.number().optional(),
    createMs: z.number().optional(),
    heapBytes: z.number().optional(),
    bytes: z.number().optional(),
    why: z.string(),
  }),
);

const decisionRow = schemaOf<DecisionRow>()(
  z.strictObject({
    node: z.string(),
    kernels: z.int(),
    opType: z.string(),
    path: z.string(),
    form: z.string(),
    observers: z.array(z.string()).optional(),
    ms: z.number(),
    savesMs: z.number(),
    savesBytes: z.number(),
    dB: z.number().optional(),
    drop: z.number().optional(),
    next: z.strictObject({
      form: z.string(),
      ms: z.number(),
      bytes: z.number(),
      dB: z.number().optional(),
      drop: z.number().optional(),
    }).optional(),
    why: z.string(),
    forms: z.array(consideredForm).optional(),
  }),
);

const searchRecord = schemaOf<SearchRecord>()(
  z.strictObject({
    objective: z.literal(OBJECTIVES),
    minutes: z.number(),
    ended: z.string(),
    notes: z.array(z.string()),
    front: z.array(z.string()),
    scale: z.number().optional(),
    decisions: z.array(decisionRow),
  }),
);

const givenRecord = schemaOf<GivenRecord>()(
  z.strictObject({
    form: z.literal("int8"),
    layers: z.string().optional(),
    about: z.array(z.string()).optional(),
    reference: z.strictObject({ name: z.string(), hash: z.string(), bytes: z.int() }).optional(),
    accuracy: z.strictObject({ selection: accuracy, test: accuracy.optional() }).optional(),
    outputs: outputError.optional(),
  }),
);

export const study = schemaOf<Study>()(
  z.strictObject({
    schema: z.literal(1),
    title: z.string(),
    model: z.strictObject({
      name: z.string(),
      hash: z.string(),
      bytes: z.int(),
      download: download.optional(),
      opset: z.int(),
      nodes: z.int(),
      nodeCounts: nodeCounts.optional(),
      parameters: z.int(),
    }),
    given: givenRecord.optional(),
    data: z.strictObject({
      name: z.string(),
      labelled: z.boolean(),
      splits: z.array(splitInfo),
      seed: z.int(),
    }),
    metric: metricInfo,
    maxDrop: z.number(),
    maxCreate: z.number().optional(),
    maxHeap: z.number().optional(),
    baseline: z.strictObject({
      selection: estimate,
      test: estimate.optional(),
      latencyMs: z.number(),
    }),
    trials: z.array(trial),
    notes: z.array(z.string()).optional(),
    planned: z.int().optional(),
    collapsed: z.array(z.strictObject({ name: z.string(), sameAs: z.string() })).optional(),
    winner: z.strictObject({
      key: z.string(),
      reason: z.string(),
      accuracy: accuracy.optional(),
    }).optional(),
    profiles: z.strictObject({
      key: z.string(),
      before: profileRecord,
      after: profileRecord,
      plan: z.array(planRow),
    }).optional(),
    ranges: rangesRecord.optional(),
    kernelTimes: kernelTimesRecord.optional(),
    search: searchRecord.optional(),
    provenance: z.strictObject({
      command: z.string(),
      config: json,
      versions: z.record(z.string(), z.string()),
      machine: z.string(),
      runtime: ranIn.optional(),
      revision: z.string().optional(),
      workers: z.int(),
      threads: z.int(),
      reused: z.int(),
    }),
  }),
);
