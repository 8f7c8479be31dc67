import { z } from "zod";
import { type ImagesOptions, MOST_SIDE } from "../data/images/options.ts";
import { TOKEN_ROLES, type TokenRole } from "../data/text/token_inputs.ts";
import type { WindowsOptions } from "../data/wav.ts";
import { schemaOf } from "../record/schema_of.ts";

const pixels = z.int().min(1).max(MOST_SIDE);
/** Most zeros before a signal: a minute of sound at 16 kHz. */
const MOST_ZEROS = 1_000_000;

const size = z.tuple([pixels, pixels]);
const channelValues = z.union([z.number(), z.array(z.number()).min(1)], {
  error: "expected a number, or a list of one for each channel",
});

/**
 * How pictures become samples: the options of `images()`, as a config writes them.
 * @category Configs (advanced)
 */
export type ImagesConfig = Omit<ImagesOptions, "inputs" | "name">;

const imagesFields = {
  resize: z.union([pixels, size], {
    error: "expected a number of pixels, or two: [height, width]",
  }).describe("size that pictures are brought to: of the shorter side, or [height, width]")
    .optional(),
  filter: z.literal(["bilinear", "bicubic"]).describe("how pixels are made while resizing")
    .meta({ default: "bilinear" }).optional(),
  antialias: z.boolean()
    .describe("whether shrinking averages over all pixels, as Pillow does, or not, as OpenCV")
    .meta({ default: true }).optional(),
  crop: size.describe("[height, width] cut out of the middle").optional(),
  channels: z.literal(["rgb", "bgr", "gray"]).describe("channels, in the order of the network")
    .meta({ default: "rgb" }).optional(),
  scale: z.number()
    .describe("factor of the pixels' values, 0 to 255; by default 1/255, of uint8 1").optional(),
  mean: channelValues.describe("is taken off after that, for all channels or each")
    .meta({ default: 0 }).optional(),
  std: channelValues.describe("divides the result, for all channels or each")
    .meta({ default: 1 }).optional(),
  layout: z.literal(["NCHW", "NHWC"]).describe("order of the axes").meta({ default: "NCHW" })
    .optional(),
  type: z.literal(["float32", "uint8"]).describe("element type of the input")
    .meta({ default: "float32" }).optional(),
  input: z.string().describe("name of the input; by default the only one").optional(),
  classes: z.array(z.string()).min(1)
    .describe("names of the folders that stand for class 0, 1, 2, ...; by default in their order")
    .optional(),
} satisfies Record<keyof ImagesConfig, z.ZodType>;
const imagesConfig: z.ZodType<ImagesConfig, ImagesConfig> = z.strictObject(imagesFields);

/**
 * How a sound becomes samples: windows of its first channel.
 * @category Configs (advanced)
 */
export interface WavConfig extends Omit<WindowsOptions, "name"> {
  /** Samples per second that the network expects; a sound of another rate is refused. */
  sampleRate?: number;
  /** Name of the input. @default {the only one} */
  input?: string;
}

const wavConfig = schemaOf<WavConfig>()(z.strictObject({
  length: z.int().min(1).describe("values of a window"),
  hop: z.int().min(1)
    .describe(
      "values from the start of one window to that of the next; by default a window's length",
    )
    .optional(),
  before: z.int().min(0).max(MOST_ZEROS).describe("zeros before the signal").meta({ default: 0 })
    .optional(),
  sampleRate: z.int().min(1)
    .describe("samples per second that the network expects; a sound of another rate is refused")
    .optional(),
  input: z.string().describe("name of the input; by default the only one").optional(),
}));

/**
 * How texts become samples: the options of `textDataset()`, as a config writes them.
 * @category Configs (advanced)
 */
export interface TextConfig {
  /** A `tokenizer.json`, or the folder that holds it. @default {that of the model's folder} */
  tokenizer?: string;
  /** Most tokens of a text, those that the tokenizer adds counted. @default {what the tokenizer says} */
  maxLength?: number;
  /** What inputs are told of a text, where their names do not say it. */
  inputs?: Record<string, TokenRole>;
}

const textConfig = schemaOf<TextConfig>()(z.strictObject({
  tokenizer: z.string().min(1)
    .describe(
      "a tokenizer.json, or the folder that holds it; by default that of the model's folder",
    )
    .optional(),
  maxLength: z.int().min(1)
    .describe(
      "most tokens of a text, those that the tokenizer adds counted; by default what it says itself",
    ).optional(),
  inputs: z.record(z.string(), z.literal(TOKEN_ROLES))
    .describe("what inputs are told of a text, where their names do not say it").optional(),
}));

/**
 * How the samples of `--data` are to be read, in the key `data` of a config.
 *
 * ```jsonc
 * { "data": { "images": { "resize": 256, "crop": [224, 224], "mean": [0.5], "channels": "gray" } } }
 * { "data": { "text": { "tokenizer": "tokenizer.json", "maxLength": 128 } } }
 * { "data": { "wav": { "length": 512, "sampleRate": 16000 }, "state": { "h_out": "h_in" }, "lengths": 50 } }
 * ```
 * @category Configs (advanced)
 */
export interface DataConfig {
  /** How pictures become samples. */
  images?: ImagesConfig;
  /** How a sound becomes samples: windows of its first channel. */
  wav?: WavConfig;
  /** How texts become samples. */
  text?: TextConfig;
  /** Output -> the input that takes it at the next step: samples are steps in time. */
  state?: Record<string, string>;
  /** Steps of each sequence, or one number for all. @default {all are one sequence} */
  lengths?: number | number[];
  /** Tokens that float32 writes on behind each sample, with its own past: samples are prompts. */
  generate?: number;
}

export const dataConfig = schemaOf<DataConfig>()(z.strictObject({
  images: imagesConfig.describe("how pictures become samples").optional(),
  wav: wavConfig.describe("how a sound becomes samples: windows of its first channel").optional(),
  text: textConfig.describe("how texts become samples, one a line").optional(),
  state: z.record(z.string(), z.string())
    .describe("output -> the input that takes it at the next step: samples are steps in time")
    .optional(),
  lengths: z.union([z.int().min(1), z.array(z.int().min(1)).min(1)], {
    error: "expected a number of steps, or a list of one for each sequence",
  }).describe("steps of each sequence, or one number for all; by default all are one sequence")
    .optional(),
  generate: z.int().min(1).describe(
    "tokens that float32 writes on behind each sample, with its own past: samples are prompts",
  ).optional(),
})).describe("how the samples of --data are to be read");
