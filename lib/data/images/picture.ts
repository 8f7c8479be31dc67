import { UserError } from "../../errors.ts";

/** Most pixels that are read: of three channels as float32 they take 1.5 GB. */
const MOST_PIXELS = 2 ** 27;

/** A picture of 8 bits per value. */
export interface Picture {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** Row by row from the top left, the channels of a pixel beside each other. */
  readonly data: Uint8Array;
}

/**
 * Refuses a picture without pixels, and one whose pixels would fill the memory.
 *
 * @param name What messages call it.
 * @param what What is being done with it.
 */
export function requireSize(
  { width, height }: Pick<Picture, "width" | "height">,
  name: string,
  what = "Cannot read",
): void {
  const pixels = width * height;
  if (pixels > 0 && pixels <= MOST_PIXELS) return;
  throw new UserError(
    `${what} ${name}: ${
      pixels > 0
        ? `${width} x ${height} pixels is more than can be read; it takes ${MOST_PIXELS} at most`
        : `it is damaged (it says that it has ${width} x ${height} pixels)`
    }`,
  );
}

/** Values without the last of each pixel's channels. */
export function dropAlpha(data: Uint8Array, channels: number): Uint8Array {
  const kept = channels - 1;
  const opaque = new Uint8Array(data.length / channels * kept);
  for (let i = 0, o = 0; i < data.length; i += channels) {
    for (let c = 0; c < kept; c++) opaque[o++] = data[i + c]!;
  }
  return opaque;
}

/**
 * Order of the channels that a network takes.
 * @category Samples (advanced)
 */
export type ChannelOrder = "rgb" | "bgr" | "gray";

/**
 * The picture in colour or grey. Grey becomes colour by repetition, and colour grey as Pillow and
 * ITU-R 601 have it: 0.299 red + 0.587 green + 0.114 blue.
 */
export function withChannels(picture: Picture, channels: 1 | 3): Picture {
  const { width, height, data } = picture;
  if (picture.channels === channels) return picture;
  const pixels = width * height;
  const converted = new Uint8Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    if (channels === 3) converted.fill(data[i]!, 3 * i, 3 * i + 3);
    else {
      const [red, green, blue] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
      // Pillow's whole-numbered weights, which add up to 2^16.
      converted[i] = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
    }
  }
  return { width, height, channels, data: converted };
}

/** The middle of a picture; where as much as an odd pixel is left over, it is rounded to even. */
export function cropCentre(picture: Picture, height: number, width: number): Picture {
  const { channels } = picture;
  const top = halfToEven(picture.height - height);
  const left = halfToEven(picture.width - width);
  const data = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * channels;
    data.set(picture.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

/** Half of a whole number, a remaining half rounded to even: torchvision's `CenterCrop`. */
function halfToEven(x: number): number {
  const half = Math.floor(x / 2);
  return x % 2 === 0 || half % 2 === 0 ? half : half + 1;
}
