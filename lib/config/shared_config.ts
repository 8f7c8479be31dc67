import { z } from "zod";
import { BINARIES, type Binary } from "../record/binary.ts";
import { schemaOf } from "../record/schema_of.ts";
import { type Objective, OBJECTIVES } from "../record/objective.ts";
import { type DataConfig, dataConfig } from "./data_config.ts";

/**
 * Keys that the configs of all commands may have: how samples are read, and what options of commands say
 * that are called alike; a command takes those that it has.
 * @category Configs (advanced)
 */
export interface SharedConfig {
  /** For editors: where the schema of the file lies. */
  $schema?: string;
  /** How samples are read from files; those that are passed in code have been read. */
  data?: DataConfig;
  /** Name of a metric, or the file of one. @default {what suits the outputs} */
  metric?: string;
  /** Of a model that is int8 already: the file of the float32 network that accuracy is against. */
  reference?: string;
  /** Largest accepted drop of the metric, in its unit. */
  maxDrop?: number;
  /** Least accepted value of the metric, in its unit, in place of `maxDrop`. */
  atLeast?: number;
  /** What is to be least: time, size of the file, or its size after brotli. @default {"latency"} */
  objective?: Objective;
  /** Largest accepted ratio of the time to create a session to float32's; "none" accepts any. @default {2} */
  maxCreate?: number | "none";
  /** Largest accepted ratio of the WASM heap to float32's; "none" accepts any. @default {2} */
  maxHeap?: number | "none";
  /** Fresh workers per model in which it is measured what a page waits for; 0: not measured. @default {3} */
  coldRounds?: number;
  /** Samples to find ranges with. */
  calibration?: number;
  /** Samples to choose by. */
  selection?: number;
  /** Samples for the reported number. */
  test?: number;
  /** Seed of the shuffle of the samples. @default {0} */
  seed?: number;
  /** Threads of the runtime while latency is measured. @default {1} */
  threads?: number;
  /** The onnxruntime-web to run and time in: a release such as 1.29.0, or the address of a module. @default {Octavo's own} */
  runtime?: string;
  /** Its WASM binary, the one that your page's import loads. @default {"plain"} */
  binary?: Binary;
  /** Samples evaluated at a time. @default {the number of cores, at most 4} */
  workers?: number;
}

/** A ratio that is accepted at most, or that any is. */
const ratio = z.union([z.number().min(0.01), z.literal("none")]);

/** What a {@linkcode SharedConfig} may hold. */
export const sharedConfig = schemaOf<SharedConfig>()(z.strictObject({
  $schema: z.string().describe("for editors: where the schema of this file lies").optional(),
  data: dataConfig.optional(),
  metric: z.string().min(1)
    .describe("name of a metric, or the file of one; by default what suits the outputs").optional(),
  reference: z.string().min(1)
    .describe(
      "of a model that is int8 already: the float32 network that accuracy is against; by default the file's own outputs",
    ).optional(),
  maxDrop: z.number().min(0).describe("largest accepted drop of the metric, in its unit")
    .optional(),
  atLeast: z.number()
    .describe("least accepted value of the metric, in its unit, in place of maxDrop").optional(),
  objective: z.literal(OBJECTIVES)
    .describe("what is to be least: time, size of the file, or its size after brotli")
    .meta({ default: "latency" }).optional(),
  maxCreate: ratio
    .describe("largest accepted ratio of the time to create a session to float32's; none: any")
    .meta({ default: 2 }).optional(),
  maxHeap: ratio
    .describe("largest accepted ratio of the WASM heap to float32's; none: any")
    .meta({ default: 2 }).optional(),
  coldRounds: z.int().min(0).max(100)
    .describe(
      "fresh workers per model in which it is measured what a page waits for; 0 leaves it out",
    )
    .meta({ default: 3 }).optional(),
  calibration: z.int().min(1).describe("samples to find ranges with").optional(),
  selection: z.int().min(2).describe("samples to choose by").optional(),
  test: z.int().min(2).describe("samples for the reported number").optional(),
  seed: z.int().min(0).describe("seed of the shuffle of the samples").meta({ default: 0 })
    .optional(),
  threads: z.int().min(1).max(64).describe("threads of the runtime while latency is measured")
    .meta({ default: 1 }).optional(),
  runtime: z.string().min(1)
    .describe(
      "the onnxruntime-web to run and time in: a release such as 1.29.0, or the address of a module",
    ).optional(),
  binary: z.literal(BINARIES)
    .describe("its WASM binary, the one that your page's import loads")
    .meta({ default: "plain" }).optional(),
  workers: z.int().min(1).max(64)
    .describe("samples evaluated at a time; by default the number of cores, at most 4").optional(),
}));

/** The ratios that a config accepts at most, as options of functions say them. */
export function configRatios(
  { maxCreate, maxHeap }: Pick<SharedConfig, "maxCreate" | "maxHeap">,
): { maxCreate?: number; maxHeap?: number } {
  const number = (value: number | "none") => value === "none" ? Infinity : value;
  return {
    ...(maxCreate !== undefined && { maxCreate: number(maxCreate) }),
    ...(maxHeap !== undefined && { maxHeap: number(maxHeap) }),
  };
}
