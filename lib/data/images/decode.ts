import type { DecodedPng } from "fast-png";
import { UserError } from "../../errors.ts";
import type { Picture } from "./picture.ts";

/**
 * Decodes a PNG or a JPEG, told apart by their first bytes. 16 bits are brought to 8, palettes to
 * colours. The orientation that a camera notes beside a picture is left alone, as it is by Pillow.
 *
 * @param name What messages call it.
 * @throws {UserError} If it is neither, is broken, or lets something shine through: what the network
 * would see there is not in the file.
 */
export async function decodePicture(bytes: Uint8Array, name: string): Promise<Picture> {
  const is = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  const isPng = is(0x89, 0x50, 0x4e, 0x47);
  if (!isPng && !is(0xff, 0xd8, 0xff)) {
    throw new UserError(`Cannot read ${name}: it is neither a PNG nor a JPEG`);
  }
  try {
    return isPng ? await decodePng(bytes, name) : await decodeJpeg(bytes);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const found = error instanceof Error ? error.message : String(error);
    throw new UserError(`Cannot read ${name}: ${found}`, { cause: error });
  }
}

// Both decoders are loaded when they are first needed: most users bring arrays.

async function decodeJpeg(bytes: Uint8Array): Promise<Picture> {
  if (isCutOff(bytes)) throw new Error("it is cut off");
  const { default: decode } = await import("@jsquash/jpeg/decode.js");
  // A slice is an array of its own, and no view of a larger or shared one.
  const { width, height, data } = await decode(bytes.slice().buffer);
  return { width, height, channels: 3, data: dropAlpha(Uint8Array.from(data), 4) };
}

/**
 * Whether the scan that begins last does not end; the decoder would fill it up with grey. Within a
 * scan 0xff is followed by other bytes than those of these two markers.
 */
function isCutOff(bytes: Uint8Array): boolean {
  const last = (marker: number) => {
    let at = bytes.length - 2;
    while (at >= 0 && !(bytes[at] === 0xff && bytes[at + 1] === marker)) at--;
    return at;
  };
  const [startOfScan, endOfImage] = [0xda, 0xd9];
  return last(startOfScan) > last(endOfImage);
}

async function decodePng(bytes: Uint8Array, name: string): Promise<Picture> {
  const { decode } = await import("fast-png");
  const png = decode(bytes, { checkCrc: true });
  const { width, height } = png;
  const { data, channels } = withoutPalette(unpack(png), png);
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

/** Colours in place of indices, if there is a palette. */
function withoutPalette(values: Uint8Array, { palette, channels }: DecodedPng) {
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

/** Without the last of each pixel's channels. */
function dropAlpha(data: Uint8Array, channels: number): Uint8Array {
  const kept = channels - 1;
  const opaque = new Uint8Array(data.length / channels * kept);
  for (let i = 0, o = 0; i < data.length; i += channels) {
    for (let c = 0; c < kept; c++) opaque[o++] = data[i + c]!;
  }
  return opaque;
}
