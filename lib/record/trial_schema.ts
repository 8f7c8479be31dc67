import { z } from "zod";
import { BINARIES } from "./binary.ts";
import type { ColdStartRecord, Compared } from "./cold_start.ts";
import type { Download } from "./download.ts";
import type { Estimate } from "./metric_info.ts";
import type { NodeCounts } from "./node_counts.ts";
import { PART_NAMES } from "./part_name.ts";
import type { PlanRow } from "./plan_record.ts";
import { outlierColumns, recipe } from "./recipe_schema.ts";
import type { RuntimeName } from "./runtime_name.ts";
import { schemaOf } from "./schema_of.ts";
import type { Accuracy, Latency, MachineLoad, OutputError, Trial } from "./trial_record.ts";

/** Schemas of a trial and its parts; `trial_record.ts` says what they mean. */

export const estimate = schemaOf<Estimate>()(
  z.strictObject({
    value: z.number(),
    low: z.number(),
    high: z.number(),
    n: z.int(),
  }),
);

export const planRow = schemaOf<PlanRow>()(
  z.strictObject({
    node: z.string(),
    opType: z.string(),
    path: z.string(),
    part: z.enum(PART_NAMES).optional(),
    layer: z.int().optional(),
    asked: z.string(),
    applied: z.string().optional(),
    executes: z.string(),
    inside: z.boolean().optional(),
    why: z.string(),
    outliers: outlierColumns.optional(),
    weights: z.int().optional(),
    shared: z.int().optional(),
    ms: z.number().optional(),
    dB: z.number().optional(),
  }),
);

export const download = schemaOf<Download>()(
  z.strictObject({
    gzip: z.int(),
    brotli: z.int(),
  }),
);

export const nodeCounts = schemaOf<NodeCounts>()(
  z.strictObject({
    file: z.int(),
    executed: z.int().optional(),
  }),
);

const compared = schemaOf<Compared>()(
  z.strictObject({
    baseline: z.number(),
    candidate: z.number(),
    ratio: estimate,
  }),
);

export const coldStart = schemaOf<ColdStartRecord>()(
  z.strictObject({
    rounds: z.int(),
    clock: z.enum(["thread", "process", "wall"]),
    create: compared,
    first: compared,
    steady: compared.optional(),
    heap: compared,
  }),
);

export const accuracy = schemaOf<Accuracy>()(
  z.strictObject({
    split: z.enum(["selection", "test"]),
    value: estimate,
    difference: estimate,
  }),
);

export const outputError = schemaOf<OutputError>()(
  z.strictObject({
    sqnr: z.number().nullable(),
    cosine: z.number(),
  }),
);

const machineLoad = schemaOf<MachineLoad>()(
  z.strictObject({
    average: z.number(),
    cores: z.int(),
  }),
);

export const ranIn = schemaOf<RuntimeName>()(
  z.strictObject({
    engine: z.string(),
    release: z.string(),
    binary: z.literal(BINARIES).optional(),
  }),
);

export const latency = schemaOf<Latency>()(
  z.strictObject({
    threads: z.int(),
    rounds: z.int(),
    ratio: estimate,
    wallRatio: estimate.optional(),
    clock: z.enum(["thread", "process", "wall"]).optional(),
    baselineMs: z.number(),
    candidateMs: z.number(),
    drifted: z.boolean(),
    machine: z.string(),
    runtime: ranIn.optional(),
    load: machineLoad.optional(),
    at: z.array(z.strictObject({
      name: z.string(),
      length: z.int().optional(),
      ratio: estimate,
      baselineMs: z.number(),
      candidateMs: z.number(),
    })).optional(),
  }),
);

export const trial = schemaOf<Trial>()(
  z.strictObject({
    key: z.string(),
    name: z.string(),
    family: z.string(),
    recipe,
    why: z.string().optional(),
    predicted: z.strictObject({
      ms: z.number(),
      noise: z.number(),
      drop: z.number(),
    }).optional(),
    calibration: z.strictObject({
      series: z.string(),
      samples: z.int(),
    }).optional(),
    executes: z.record(z.string(), z.int()),
    plan: z.array(planRow),
    accuracy: accuracy.optional(),
    outputs: outputError.optional(),
    latency: latency.optional(),
    coldStart: coldStart.optional(),
    bytes: z.int().optional(),
    download: download.optional(),
    nodes: nodeCounts.optional(),
    file: z.string().optional(),
    modelHash: z.string().optional(),
    seconds: z.number(),
    error: z.string().optional(),
  }),
);
