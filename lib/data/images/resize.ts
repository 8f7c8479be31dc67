import type { Picture } from "./picture.ts";

/**
 * How a pixel is made of those around it.
 * @category Samples (advanced)
 */
export type ResizeFilter = "bilinear" | "bicubic";

/** Options for {@linkcode resize}. */
export interface ResizeOptions {
  /** @default {"bilinear"} */
  filter?: ResizeFilter;
  /**
   * Average over all pixels that one shrinks to, as Pillow and torchvision do. Without, only the two
   * (four) nearest count, however small it gets, as in OpenCV and `torch.nn.functional.interpolate`.
   * @default {true}
   */
  antialias?: boolean;
}

/** A filter's weight at a distance in pixels, and the distance from which it is 0. */
const FILTERS: Readonly<Record<ResizeFilter, { reach: number; weight(x: number): number }>> = {
  bilinear: { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    reach: 2,
    // Keys' cubic with a = -1/2, which is Pillow's.
    weight(x) {
      const a = -0.5;
      const d = Math.abs(x);
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    },
  },
};

/** Bits behind the point of the weights: with 8 of the values and 2 of overshoot, 32 in all. */
const PRECISION = 22;

/**
 * Brings a picture to a size, rows first and then columns, with whole numbers after each: to the bit
 * what Pillow's `Image.resize` does, since a network that was trained behind it is calibrated rightly
 * only behind the same.
 *
 * @param height Pixels, 1 or more.
 * @param width Pixels, 1 or more.
 * @see Pillow, `src/libImaging/Resample.c`, for the order of rounding
 * @example Half the size is the mean of neighbours, weighted like a tent
 * ```ts
 * import { resize } from "./resize.ts";
 * import assert from "node:assert/strict";
 * const picture = { width: 4, height: 1, channels: 1, data: Uint8Array.of(0, 0, 80, 80) } as const;
 * assert.deepEqual([...resize(picture, 1, 2).data], [11, 69]);
 * ```
 */
export function resize(
  picture: Picture,
  height: number,
  width: number,
  options: ResizeOptions = {},
): Picture {
  const rows = width === picture.width ? picture : resampleRows(picture, width, options);
  return height === rows.height ? rows : resampleColumns(rows, height, options);
}

/** Where a pixel's sources begin, and their weights, in units of 2^-{@linkcode PRECISION}. */
interface Sources {
  readonly first: number;
  readonly weights: readonly number[];
}

function sourcesOf(from: number, to: number, options: ResizeOptions): Sources[] {
  const { filter = "bilinear", antialias = true } = options;
  const { reach, weight } = FILTERS[filter];
  const scale = from / to;
  const stretch = antialias ? Math.max(scale, 1) : 1;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach * stretch + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach * stretch + 0.5));
    const weights = Array.from({ length: end - first }, (_, k) => {
      return weight((first + k - centre + 0.5) / stretch);
    });
    const sum = weights.reduce((a, b) => a + b, 0);
    // Rounded away from zero, as C does it by adding half and cutting off.
    const whole = (x: number) => Math.trunc(x * 2 ** PRECISION + (x < 0 ? -0.5 : 0.5));
    return { first, weights: weights.map((w) => whole(sum === 0 ? w : w / sum)) };
  });
}

function resampleRows(picture: Picture, width: number, options: ResizeOptions): Picture {
  const { height, channels, data } = picture;
  const sources = sourcesOf(picture.width, width, options);
  const resized = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const row = y * picture.width * channels;
    for (let x = 0; x < width; x++) {
      const { first, weights } = sources[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 2 ** (PRECISION - 1);
        for (let k = 0; k < weights.length; k++) {
          sum += data[row + (first + k) * channels + c]! * weights[k]!;
        }
        resized[(y * width + x) * channels + c] = clip(sum);
      }
    }
  }
  return { width, height, channels, data: resized };
}

function resampleColumns(picture: Picture, height: number, options: ResizeOptions): Picture {
  const { width, channels, data } = picture;
  const sources = sourcesOf(picture.height, height, options);
  const line = width * channels;
  const resized = new Uint8Array(height * line);
  for (let y = 0; y < height; y++) {
    const { first, weights } = sources[y]!;
    for (let i = 0; i < line; i++) {
      let sum = 2 ** (PRECISION - 1);
      for (let k = 0; k < weights.length; k++) sum += data[(first + k) * line + i]! * weights[k]!;
      resized[y * line + i] = clip(sum);
    }
  }
  return { width, height, channels, data: resized };
}

function clip(sum: number): number {
  return Math.min(Math.max(Math.floor(sum / 2 ** PRECISION), 0), 255);
}
