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

/** Order of the channels that a network takes. */
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
