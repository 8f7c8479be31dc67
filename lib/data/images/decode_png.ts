import { constants, inflateSync } from "node:zlib";
import { decode, type DecodedPng } from "fast-png";
import { UserError } from "../../errors.ts";
import { orDamaged } from "../damaged.ts";
import { dropAlpha, type Picture, requireSize } from "./picture.ts";

/**
 * Decodes a PNG. 16 bits are brought to 8, palettes to colours.
 *
 * @param name What messages call it.
 * @throws {UserError} If it is cut off, damaged, too large, or lets something shine through: what the
 * network would see there is not in the file.
 */
export async function decodePng(bytes: Uint8Array, name: string): Promise<Picture> {
  const header = readHeader(bytes, name);
  requireSize(header, name);
  const { png, data, channels } = await orDamaged(name, () => {
    requireFilled(header);
    const png = decode(bytes, { checkCrc: true });
    return { png, ...withoutPalette(unpack(png), png, header.isIndexed) };
  });
  const { width, height } = png;
  if (channels % 2 === 1) return { width, height, channels: channels as 1 | 3, data };
  for (let i = channels - 1; i < data.length; i += channels) {
    if (data[i] === 255) continue;
    throw new UserError(
      `Cannot use ${name}: it is transparent in places; lay it over the background that the ` +
        `network is to see, and save it without`,
    );
  }
  return { width, height, channels: channels - 1 as 1 | 3, data: dropAlpha(data, channels) };
}

/** What its first chunk says, and the compressed pixels. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly interlaced: boolean;
  /** Pixels are places in a palette. */
  readonly isIndexed: boolean;
  readonly deflated: readonly Uint8Array[];
}

/** Channels of each colour type. */
const CHANNELS = new Map([[0, 1], [2, 3], [3, 1], [4, 2], [6, 4]]);

function readHeader(bytes: Uint8Array, name: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const deflated: Uint8Array[] = [];
  for (let at = 8;;) {
    const length = at + 12 <= bytes.length ? view.getUint32(at) : Infinity;
    if (at + 12 + length > bytes.length) {
      throw new UserError(`Cannot read ${name}: it is cut off; copy or save the file again`);
    }
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") deflated.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
    if (type === "IEND") break;
  }
  const bitsPerPixel = (bytes[24] ?? 0) * (CHANNELS.get(bytes[25]!) ?? 0);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [isIndexed, interlaced] = [bytes[25] === 3, bytes[28] === 1];
  return { width, height, bitsPerPixel, isIndexed, interlaced, deflated };
}

/** Columns and rows of each pass of an interlaced picture: where it begins, and its steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** The decoder takes zeros for what is missing. */
function requireFilled({ width, height, bitsPerPixel, interlaced, deflated }: Header): void {
  const passes = interlaced
    ? PASSES.map(([x, y, dx, dy]) => [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)])
    : [[width, height]];
  const bytes = passes.map(([w = 0, h = 0]) =>
    w > 0 && h > 0 ? h * (1 + Math.ceil(w * bitsPerPixel / 8)) : 0
  ).reduce((a, b) => a + b, 0);
  const packed = new Uint8Array(deflated.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of deflated) {
    packed.set(part, at);
    at += part.length;
  }
  // What is more than the pixels is no picture, and may be more than the memory.
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 * bytes + 2 ** 16 };
  const { length } = inflateSync(packed, options);
  if (length < bytes) throw new Error(`its data do not fill its ${width} x ${height} pixels`);
}

/** Colours in place of indices, if there is a palette. */
function withoutPalette(values: Uint8Array, { palette, channels }: DecodedPng, isIndexed: boolean) {
  if (isIndexed && !palette) throw new Error("it has no palette");
  if (!palette) return { data: values, channels };
  const colours = [...palette];
  const width = colours[0]!.length; // 3, or 4 with transparency
  const data = new Uint8Array(values.length * width);
  values.forEach((index, i) => {
    const colour = colours[index];
    if (!colour) throw new Error(`its palette has no colour ${index}`);
    data.set(colour, i * width);
  });
  return { data, channels: width };
}

/** One byte per value, in 0..255, or the index into the palette. */
function unpack({ data, depth, width, height, channels, palette }: DecodedPng): Uint8Array {
  if (depth === 8) return Uint8Array.from(data);
  if (depth === 16) return Uint8Array.from(data, (value) => Math.round(value / 257));
  // Several values share a byte, the first in its highest bits; rows begin with a byte of their own.
  const perRow = width * channels;
  const bytesPerRow = Math.ceil(perRow * depth / 8);
  const largest = 2 ** depth - 1;
  return Uint8Array.from({ length: perRow * height }, (_, i) => {
    const bit = (i % perRow) * depth;
    const byte = data[Math.floor(i / perRow) * bytesPerRow + (bit >> 3)]!;
    const value = byte >> (8 - depth - bit % 8) & largest;
    return palette ? value : value * 255 / largest;
  });
}
