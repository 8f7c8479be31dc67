import { UserError } from "../errors.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import { orDamaged } from "./damaged.ts";
import { readUserFile } from "../user_file.ts";

/**
 * Sound, as a wav file holds it.
 * @category Samples (advanced)
 */
export interface Wav {
  /** Samples per second, Hz. */
  readonly sampleRate: number;
  /** The samples of each channel, in [-1, 1]; float files may go beyond. All are of one length. */
  readonly channels: readonly Float32Array[];
}

/**
 * Options for {@linkcode readWav}.
 * @category Samples (advanced)
 */
export interface ReadWavOptions {
  /** Samples per second that are wanted; another file is refused, since nothing is resampled here. */
  sampleRate?: number;
}

/**
 * Reads a wav file: PCM of 8, 16, 24 or 32 bits, or float of 32 or 64. Integers are divided by half
 * of their range, so that 16 bits give k / 32768. Where the header tells a wrong length of the data,
 * as recorders that were stopped write it, the file is read to its end.
 *
 * @param source A path, or the bytes of a file.
 * @throws {UserError} If it is missing, no wav file, compressed, or of another sample rate.
 * @see {@link https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/WAVE/WAVE.html | WAVE}
 * @example From bytes, or from a path
 * ```ts
 * import { arrays, readWav, windows } from "octavo";
 * import assert from "node:assert/strict";
 *
 * // One channel of 16 bits, 8,000 times a second: four times half of the range.
 * const format = "fmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0";
 * const text = `RIFF\x2c\0\0\0WAVE${format}data\x08\0\0\0` + "\0\x40".repeat(4);
 * const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
 * const { sampleRate, channels } = await readWav(bytes);
 * assert.equal(sampleRate, 8000);
 * assert.deepEqual([...channels[0]!], [0.5, 0.5, 0.5, 0.5]);
 * assert.equal(arrays({ x: windows(channels[0]!, { length: 2 }) }).length, 2);
 * ```
 * @category Samples
 */
export async function readWav(
  source: string | URL | Uint8Array,
  options: ReadWavOptions = {},
): Promise<Wav> {
  const { sampleRate } = options;
  const isBytes = source instanceof Uint8Array;
  const name = isBytes ? "wav bytes" : String(source);
  const bytes = isBytes ? source : await readUserFile(source, name);
  const { format, data } = await orDamaged(name, () => readChunks(bytes, name));
  if (sampleRate !== undefined && format.sampleRate !== sampleRate) {
    throw new UserError(
      `Cannot use ${name}: it has ${format.sampleRate} samples per second, but ${sampleRate} are ` +
        `wanted; resample it first`,
    );
  }
  const channels = await orDamaged(name, () => decode(format, data, name));
  return { sampleRate: format.sampleRate, channels };
}

interface Format {
  readonly encoding: "integer" | "float";
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
}

/** Format codes; EXTENSIBLE has the real one in the first bytes of its GUID. */
const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe];

function readChunks(bytes: Uint8Array, name: string): { format: Format; data: DataView } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || text(0) !== "RIFF" || text(8) !== "WAVE") {
    throw new UserError(`Cannot read ${name}: it is not a wav file`);
  }
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const [id, length] = [text(at), view.getUint32(at + 4, true)];
    at += 8;
    if (id === "fmt ") format = readFormat(view, at, length, name);
    if (id === "data" && !format) {
      throw new UserError(`Cannot read ${name}: it is damaged (its data come before its format)`);
    }
    if (id === "data" && format) {
      const there = bytes.length - at;
      const size = length === 0 || length > there ? there : length;
      return { format, data: new DataView(bytes.buffer, bytes.byteOffset + at, size) };
    }
    at += length + length % 2; // chunks begin at even places
  }
  throw new UserError(`Cannot read ${name}: it has no ${format ? "sound data" : "format"}`);
}

function readFormat(view: DataView, at: number, length: number, name: string): Format {
  if (length < 16 || at + length > view.byteLength) {
    throw new UserError(`Cannot read ${name}: its format is cut off`);
  }
  const tag = view.getUint16(at, true);
  const code = tag === EXTENSIBLE && length >= 26 ? view.getUint16(at + 24, true) : tag;
  const bits = view.getUint16(at + 14, true);
  const channels = view.getUint16(at + 2, true);
  const known = code === PCM && [8, 16, 24, 32].includes(bits) ||
    code === FLOAT && [32, 64].includes(bits);
  if (!known || channels === 0) {
    throw new UserError(
      `Cannot read ${name}: it has ${channels} channels of format ${code} with ${bits} bits; ` +
        `PCM of 8 to 32 bits and float of 32 or 64 can be read`,
    );
  }
  const encoding = code === PCM ? "integer" : "float";
  const sampleRate = view.getUint32(at + 4, true);
  if (sampleRate === 0) {
    throw new UserError(`Cannot read ${name}: it is damaged (it has 0 samples per second)`);
  }
  return { encoding, channels, sampleRate, bits };
}

function decode({ encoding, channels, bits }: Format, data: DataView, name: string) {
  const width = bits / 8;
  const length = Math.floor(data.byteLength / (width * channels));
  if (length === 0) throw new UserError(`Cannot read ${name}: it holds no sound`);
  const read = reader(encoding, bits, data);
  const decoded = Array.from({ length: channels }, () => new Float32Array(length));
  for (let i = 0; i < length; i++) {
    for (let c = 0; c < channels; c++) decoded[c]![i] = read((i * channels + c) * width);
  }
  const bad = decoded.findIndex((values) => !values.every(Number.isFinite));
  if (bad >= 0) throw new UserError(`Cannot read ${name}: channel ${bad} holds NaN or infinity`);
  return decoded;
}

function reader(encoding: Format["encoding"], bits: number, data: DataView) {
  if (encoding === "float") {
    return bits === 32
      ? (at: number) => data.getFloat32(at, true)
      : (at: number) => data.getFloat64(at, true);
  }
  switch (bits) {
    case 8: // unsigned, alone among the widths
      return (at: number) => (data.getUint8(at) - 128) / 128;
    case 16:
      return (at: number) => data.getInt16(at, true) / 2 ** 15;
    case 24:
      return (at: number) => (data.getInt8(at + 2) * 2 ** 16 + data.getUint16(at, true)) / 2 ** 23;
    default:
      return (at: number) => data.getInt32(at, true) / 2 ** 31;
  }
}

/** Most values that windows take together, 4 bytes each. */
const MOST_VALUES = 2 ** 30;

/**
 * Options for {@linkcode windows}.
 * @category Samples (advanced)
 */
export interface WindowsOptions {
  /** Values of each window. */
  length: number;
  /** Values from the start of one window to that of the next. @default {length} */
  hop?: number;
  /** Zeros put before the signal, for networks that see a little of what was before. @default {0} */
  before?: number;
  /** What messages call the signal. @default {"the signal"} */
  name?: string;
}

/**
 * Cuts a signal into windows, one sample of a data set each; what is left at the end is dropped.
 *
 * @returns Shape [windows, length].
 * @throws {UserError} If the signal is shorter than one window, or the windows would fill the memory.
 * @throws {RangeError} If an option is no whole number.
 * @example Three values at a time, with the last one of the window before
 * ```ts
 * import { windows } from "octavo";
 * import assert from "node:assert/strict";
 * const tensor = windows(Float32Array.of(1, 2, 3, 4, 5), { length: 3, hop: 2, before: 1 });
 * assert.deepEqual(tensor.dims, [2, 3]);
 * assert.deepEqual([...tensor.data], [0, 1, 2, 2, 3, 4]);
 * ```
 * @category Samples
 */
export function windows(signal: Float32Array, options: WindowsOptions): Tensor<"float32"> {
  const { length, hop = length, before = 0, name = "the signal" } = options;
  const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  if (!whole(length, 1) || !whole(hop, 1) || !whole(before, 0)) {
    throw new RangeError(
      `Cannot cut windows of ${length} every ${hop} after ${before} zeros: these must be whole ` +
        `numbers, the first two from 1`,
    );
  }
  const count = Math.floor((before + signal.length - length) / hop) + 1;
  if (count < 1) {
    const values = signal.length === 1 ? "1 value" : `${signal.length} values`;
    throw new UserError(
      `Cannot cut windows from ${name}: it has ${values}, a window takes ${length}`,
    );
  }
  if (count * length > MOST_VALUES) {
    throw new UserError(
      `Cannot cut windows from ${name}: ${count} of ${length} values are more than can be kept; ` +
        `bring a shorter signal, or take a larger hop`,
    );
  }
  const data = new Float32Array(count * length);
  for (let w = 0; w < count; w++) {
    const start = w * hop - before;
    const from = Math.max(start, 0);
    data.set(signal.subarray(from, Math.max(start + length, from)), w * length + from - start);
  }
  return float32([count, length], data);
}
