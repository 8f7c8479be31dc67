import { z } from "zod";
import { MOST_SIDE } from "../data/images/options.ts";
import { readJsonc } from "./jsonc.ts";

const pixels = z.int().min(1).max(MOST_SIDE);
/** Most zeros before a signal: a minute of sound at 16 kHz. */
const MOST_ZEROS = 1_000_000;

const size = z.tuple([pixels, pixels]);
const channelValues = z.union([z.number(), z.array(z.number()).min(1)]);

/** How pictures become samples: the options of `images()`, as a config writes them. */
const imagesConfig = z.strictObject({
  resize: z.union([pixels, size]).optional(),
  filter: z.literal(["bilinear", "bicubic"]).optional(),
  antialias: z.boolean().optional(),
  crop: size.optional(),
  channels: z.literal(["rgb", "bgr", "gray"]).optional(),
  scale: z.number().optional(),
  mean: channelValues.optional(),
  std: channelValues.optional(),
  layout: z.literal(["NCHW", "NHWC"]).optional(),
  type: z.literal(["float32", "uint8"]).optional(),
  input: z.string().optional(),
  /** Names of the folders that stand for class 0, 1, 2, ... */
  classes: z.array(z.string()).min(1).optional(),
});

/** How a sound becomes samples: windows of its first channel. */
const wavConfig = z.strictObject({
  /** Values of a window. */
  length: z.int().min(1),
  /** Values from the start of one window to that of the next. */
  hop: z.int().min(1).optional(),
  /** Zeros before the signal. */
  before: z.int().min(0).max(MOST_ZEROS).optional(),
  /** Samples per second that the network expects; another rate is refused. */
  sampleRate: z.int().min(1).optional(),
  input: z.string().optional(),
});

/**
 * How the samples of `--data` are to be read, in the key `data` of a config.
 *
 * ```jsonc
 * { "data": { "images": { "resize": 256, "crop": [224, 224], "mean": [0.5], "channels": "gray" } } }
 * { "data": { "wav": { "length": 512, "sampleRate": 16000 }, "state": { "h_out": "h_in" }, "lengths": 50 } }
 * ```
 */
export const dataConfig = z.strictObject({
  images: imagesConfig.optional(),
  wav: wavConfig.optional(),
  /** Output of the network → the input that takes it at the next step: samples are steps in time. */
  state: z.record(z.string(), z.string()).optional(),
  /** Steps of each sequence, or one number for all. @default one sequence */
  lengths: z.union([z.int().min(1), z.array(z.int().min(1)).min(1)]).optional(),
});
export type DataConfig = z.infer<typeof dataConfig>;

const readingConfig = z.strictObject({ data: dataConfig });

/**
 * Reads a config that only says how samples are to be read, for commands that take nothing else from one.
 *
 * @param file How messages call it.
 * @throws {UserError} Naming line, key and the nearest valid one.
 * @example
 * ```ts
 * import { parseReading } from "./data_config.ts";
 * import assert from "node:assert/strict";
 * const reading = parseReading(`{ "data": { "wav": { "length": 512 } } } // half a second`);
 * assert.equal(reading.wav?.length, 512);
 * ```
 */
export function parseReading(text: string, file = "the config"): DataConfig {
  return readJsonc(text, readingConfig, file).data;
}
