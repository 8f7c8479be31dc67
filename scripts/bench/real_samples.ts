import { arrays } from "../../lib/data/arrays.ts";
import { type Dataset, slice } from "../../lib/data/dataset.ts";
import { decodePicture } from "../../lib/data/images/decode.ts";
import { type Picture, withChannels } from "../../lib/data/images/picture.ts";
import { resize } from "../../lib/data/images/resize.ts";
import { splitDataset, type Splits } from "../../lib/data/split.ts";
import { stateful } from "../../lib/data/stateful.ts";
import { readWav, windows } from "../../lib/data/wav.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import { agreement } from "../../lib/evaluate/metrics/agreement.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { runDataset } from "../../lib/runtime/run_dataset.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { noiseShare } from "./noise_share.ts";

/** What a real network is judged on. */
export interface RealData {
  /**
   * 40 % for ranges; the rest in halves, to choose by and to report on. Of recordings and photos the
   * choice sees those of the ranges too: there are few, and two photos more teach more than that flatters.
   */
  readonly splits: Splits;
  readonly metric: Metric;
  /** Largest drop to choose by: 0.5 points, or a thousandth (30 dB); less where samples are much alike. */
  readonly maxDrop: number;
  /** Outputs that count; the others are states. @default {all} */
  readonly outputs?: readonly string[];
}

/** How the samples of a network are made of the files beside it. */
type Make = (model: Model, models: URL) => Promise<RealData>;

/**
 * Real samples for the networks of the test material, made as its recipe makes them: pictures in
 * twelve crops, speech frame by frame with float32's own states, words, files, digits.
 */
export const REAL_DATA: Readonly<Record<string, Make>> = {
  async "basic-pitch"(model, models) {
    const { channels, sampleRate } = await readWav(
      new URL("basic-pitch/vocadito_10.wav", models),
    );
    const sound = resampled(channels[0]!, sampleRate, 22050);
    const length = 43844;
    const hop = Math.floor((sound.length - length) / 49);
    const { data } = windows(sound, { length, hop });
    return await inOrder(model, {
      "serving_default_input_2:0": float32([data.length / length, length, 1], data),
    });
  },
  async "bidi-lstm"(_model, models) {
    const text = await prose(models);
    const count = Math.min(400, Math.floor(text.length / 64));
    const input = { type: "uint8", dims: [count, 64], data: text.slice(0, 64 * count) } as const;
    return { ...points(arrays({ input }, { name: "text" })), metric: agreement() };
  },
  async "cifar-resnet2b"(_model, models) {
    const folder = new URL("cifar-resnet2b/", models);
    const pixels = await Deno.readFile(new URL("images_80.u8", folder));
    const labels = Int32Array.from(await Deno.readFile(new URL("labels_80.u8", folder)));
    const [mean, std] = [[.4914, .4822, .4465], [.2471, .2435, .2616]];
    const data = new Float32Array(pixels.length);
    for (let i = 0; i < 80 * 1024; i++) {
      const [image, pixel] = [Math.floor(i / 1024), i % 1024];
      for (let c = 0; c < 3; c++) {
        data[(3 * image + c) * 1024 + pixel] = (pixels[3 * i + c]! / 255 - mean[c]!) / std[c]!;
      }
    }
    return points(arrays({ "input.1": float32([80, 3, 32, 32], data) }, { name: "CIFAR", labels }));
  },
  async fastestdet(model, models) {
    const options = { input: "input.1", size: 352, scale: 1 / 255, crops: 12 };
    return withSpare(await inOrder(model, await photos(models, options)));
  },
  async gtcrn(model, models) {
    const { channels } = await readWav(new URL("gtcrn/mix.wav", models));
    const frames = spectra(channels[0]!).slice(0, 600);
    const mix = float32([frames.length, 257, 1, 2], frames.flat());
    const states = ["conv_cache", "tra_cache", "inter_cache"];
    const state = Object.fromEntries(states.map((name) => [`${name}_out`, name]));
    return await inOrder(model, await recorded(model, { mix }, state), ["enh"]);
  },
  async "magika-fast"(_model, models) {
    const folder = new URL("magika-fast/", models);
    const config = JSON.parse(await Deno.readTextFile(new URL("config.min.json", folder)));
    const names: string[] = config.target_labels_space;
    const rows: number[][] = [];
    const labels: number[] = [];
    for (const kind of await namesIn(new URL("files/", folder))) {
      for (const file of await namesIn(new URL(`files/${kind}/`, folder))) {
        const bytes = await Deno.readFile(new URL(`files/${kind}/${file}`, folder));
        rows.push(ends(bytes, 512));
        labels.push(names.indexOf(kind));
      }
    }
    const bytes = {
      type: "int32",
      dims: [rows.length, 1024],
      data: Int32Array.from(rows.flat()),
    } as const;
    return points(arrays({ bytes }, { name: "files", labels }));
  },
  async "mnist-cnn"(_model, models) {
    const folder = new URL("mnist-cnn/", models);
    const data = Float32Array.from(await Deno.readFile(new URL("digits_1000.u8", folder)));
    const labels = Int32Array.from(await Deno.readFile(new URL("labels_1000.u8", folder)));
    return points(arrays({ Input3: float32([1000, 1, 28, 28], data) }, { name: "digits", labels }));
  },
  async "silero-vad"(model, models) {
    const { channels } = await readWav(new URL("silero-vad/test.wav", models));
    const chunks = windows(channels[0]!.subarray(0, 512 * 1000), {
      length: 576,
      hop: 512,
      before: 64,
    });
    return await inOrder(model, await recorded(model, { input: chunks }, { stateN: "state" }), [
      "output",
    ]);
  },
  async "super-resolution"(model, models) {
    const options = { input: "input", size: 224, scale: 1 / 255, crops: 10, gray: true };
    return await inOrder(model, await photos(models, options));
  },
  async "syllable-gru"(model, models) {
    const text = new TextDecoder("latin1").decode(await prose(models)).toLowerCase();
    const found = text.match(/[a-z][a-z'-]+/g) ?? [];
    const words = [...new Set(found)].filter(({ length }) => length <= 18).sort();
    const alphabet = "'-abcdefghijklmnopqrstuvwxyz";
    const data = new Float32Array(words.length * 18 * 28);
    words.forEach((word, i) => {
      [...word].forEach((letter, j) => data[(18 * i + j) * 28 + alphabet.indexOf(letter)] = 1);
    });
    const input = float32([words.length, 18, 28], data);
    return await decibels(model, arrays({ input }, { name: "words" }), { shuffle: true });
  },
  async "yunet-n"(model, models) {
    const options = { input: "input", size: 320, scale: 1, crops: 12 };
    return withSpare(await inOrder(model, await photos(models, options)));
  },
  async "yunet-s"(model, models) {
    const options = { input: "input", size: 320, scale: 1, crops: 12 };
    return withSpare(await inOrder(model, await photos(models, options)));
  },
};

/** Classes, judged by top-1. */
function points(data: Dataset): RealData {
  const third = Math.floor(data.length * 0.3);
  const splits = splitDataset(data, {
    calibration: data.length - 2 * third,
    selection: third,
    test: third,
  });
  return { splits, metric: top1(), maxDrop: 0.5 };
}

/** What is close enough, dB. */
export const LEAST_SQNR = 30;

/** Options for {@linkcode decibels}. */
export interface DecibelOptions {
  readonly shuffle: boolean;
  readonly outputs?: readonly string[];
}

/** Values, judged by the power of the error in all of them together. */
export async function decibels(
  model: Model,
  data: Dataset,
  { shuffle, outputs }: DecibelOptions,
): Promise<RealData> {
  const calibration = Math.min(100, Math.floor(0.4 * data.length));
  const half = Math.min(400, Math.floor((data.length - calibration) / 2));
  const splits = splitDataset(data, { calibration, selection: half, test: half, shuffle });
  return {
    splits,
    metric: await noiseShare(model, splits.selection, outputs),
    maxDrop: 10 ** (-LEAST_SQNR / 10),
    ...(outputs && { outputs }),
  };
}

/** Neighbours in time, or crops of one picture, stay on one side. */
async function inOrder(
  model: Model,
  values: Readonly<Record<string, Tensor>> | readonly Feeds[],
  outputs?: readonly string[],
): Promise<RealData> {
  const data = arrays(values, { name: "recordings" });
  const { splits, ...limit } = await decibels(model, data, { shuffle: false, outputs });
  const seen = splits.calibration.length + splits.selection.length;
  return { ...limit, splits: { ...splits, selection: slice(data, 0, seen) } };
}

/** How far the SQNR of a detector on one photo was seen to lie from that on others, dB. */
const APART = 5;

/** Crops of three photos say little of a fourth: chosen with something to spare. */
function withSpare({ maxDrop, ...data }: RealData): RealData {
  return { ...data, maxDrop: maxDrop / 10 ** (APART / 10) };
}

/** Every step of a stream as a sample of its own, with the state that float32 had there. */
async function recorded(
  model: Model,
  inputs: Readonly<Record<string, Tensor>>,
  state: Readonly<Record<string, string>>,
): Promise<Feeds[]> {
  const stream = stateful(arrays(inputs), { state, inputs: valueTypes(model.graph).inputs });
  await using runtime = openRuntime({ workers: 0 });
  const runs = await Array.fromAsync(runDataset(runtime, model, stream));
  return runs.map(({ feeds }) => feeds);
}

interface PhotoOptions {
  readonly input: string;
  readonly size: number;
  readonly scale: number;
  readonly crops: number;
  readonly gray?: boolean;
}

/** Five photos, each whole, mirrored, and in crops of 3/4 and 1/2 at the corners and the centre. */
async function photos(models: URL, options: PhotoOptions): Promise<Feeds[]> {
  const { input, size, scale, crops, gray = false } = options;
  const samples: Feeds[] = [];
  for (let i = 0; i < 5; i++) {
    const bytes = await Deno.readFile(new URL(`fastestdet/${i}.jpg`, models));
    const photo = withChannels(await decodePicture(bytes, `${i}.jpg`), gray ? 1 : 3);
    for (const part of cropsOf(photo).slice(0, crops)) {
      const { data, channels } = resize(part, size, size);
      const values = new Float32Array(data.length);
      for (let c = 0; c < channels; c++) {
        // Blue first, as OpenCV reads pictures.
        const source = channels - 1 - c;
        for (let p = 0; p < size * size; p++) {
          values[c * size * size + p] = data[p * channels + source]! * scale;
        }
      }
      samples.push({ [input]: float32([1, channels, size, size], values) });
    }
  }
  return samples;
}

function cropsOf(picture: Picture): Picture[] {
  const { width, height } = picture;
  const parts = [picture, mirrored(picture)];
  for (const factor of [0.75, 0.5]) {
    const side = Math.floor(Math.min(height, width) * factor);
    for (const [fx, fy] of [[.5, .5], [0, 0], [1, 0], [0, 1], [1, 1]] as const) {
      const [left, top] = [Math.floor((width - side) * fx), Math.floor((height - side) * fy)];
      parts.push(pick(picture, side, side, (x, y) => [left + x, top + y]));
    }
  }
  return parts;
}

function mirrored(picture: Picture): Picture {
  const { width, height } = picture;
  return pick(picture, width, height, (x, y) => [width - 1 - x, y]);
}

function pick(
  { width: from, channels, data }: Picture,
  width: number,
  height: number,
  at: (x: number, y: number) => readonly [number, number],
): Picture {
  const values = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = at(x, y);
      for (let c = 0; c < channels; c++) {
        values[(y * width + x) * channels + c] = data[(sy * from + sx) * channels + c]!;
      }
    }
  }
  return { width, height, channels, data: values };
}

/** The texts that lie about, with one space between words, in an order of chance. */
async function prose(models: URL): Promise<Uint8Array<ArrayBuffer>> {
  const files = [
    ...["magika-fast/LICENSE", "silero-vad/LICENSE", "gtcrn/LICENSE", "yunet/LICENSE"],
    ...["magika-fast/files/txt/lorem-big.txt", "fastestdet/LICENSE.md"],
  ];
  const texts = await Promise.all(
    files.map(async (file) =>
      new TextDecoder("latin1").decode(await Deno.readFile(new URL(file, models)))
    ),
  );
  return Uint8Array.from(
    texts.join("\n").replace(/[ \t\r\n]+/g, " "),
    (c) => c.charCodeAt(0) & 255,
  );
}

async function namesIn(folder: URL): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

/** Start and end of a file, without the blanks there, filled up with 256. */
function ends(bytes: Uint8Array, length: number): number[] {
  const blank = (byte: number | undefined) =>
    byte !== undefined && /\s/.test(String.fromCharCode(byte)) && byte < 33;
  let [from, to] = [0, bytes.length];
  while (blank(bytes[from])) from++;
  while (to > 0 && blank(bytes[to - 1])) to--;
  const first = [...bytes.subarray(from, Math.min(4096, from + length))];
  const last = [...bytes.subarray(Math.max(0, bytes.length - 4096, to - length), to)];
  const fill = (count: number) => new Array<number>(count).fill(256);
  return [...first, ...fill(length - first.length), ...fill(length - last.length), ...last];
}

/** Linear interpolation between the values of a signal. */
function resampled(signal: Float32Array, from: number, to: number): Float32Array {
  return Float32Array.from({ length: Math.floor((signal.length - 1) * to / from) }, (_, i) => {
    const at = i * from / to;
    const left = Math.floor(at);
    return signal[left]! + (at - left) * (signal[left + 1]! - signal[left]!);
  });
}

/** Short-time Fourier transform of 512 values every 256, centred, square root of a Hann window. */
function spectra(sound: Float32Array): number[][] {
  const [size, hop, bins] = [512, 256, 257];
  const turn = (i: number) => 2 * Math.PI * i / size;
  const window = Float64Array.from(
    { length: size },
    (_, i) => Math.sqrt(0.5 - 0.5 * Math.cos(turn(i))),
  );
  const cosine = Float64Array.from({ length: size }, (_, i) => Math.cos(turn(i)));
  const sine = Float64Array.from({ length: size }, (_, i) => Math.sin(turn(i)));
  const count = Math.min(600, Math.floor((sound.length - hop) / hop) + 1);
  return Array.from({ length: count }, (_, t) => {
    const frame = window.map((w, i) => w * sound[Math.abs(t * hop + i - hop)]!);
    return Array.from({ length: bins }, (_, k) => {
      let [re, im] = [0, 0];
      for (let i = 0; i < size; i++) {
        re += frame[i]! * cosine[i * k % size]!;
        im -= frame[i]! * sine[i * k % size]!;
      }
      return [re, im];
    }).flat();
  });
}
