import { nearest, UserError } from "../../errors.ts";
import type { ValueType } from "../../tensor/tensor.ts";
import type { ChannelOrder } from "./picture.ts";
import type { ResizeFilter } from "./resize.ts";

/** Most pixels of a side that a picture is brought to. */
export const MOST_SIDE = 2 ** 14;

/**
 * Options for `images()`. In the order in which they are applied.
 * @category Samples (advanced)
 */
export interface ImagesOptions {
  /**
   * Brings a picture to [height, width], or its shorter side to a number of pixels and the longer one
   * along with it. @default {none: pictures stay as large as they are}
   */
  resize?: number | readonly [height: number, width: number];
  /** How pixels are made while resizing. @default {"bilinear"} */
  filter?: ResizeFilter;
  /**
   * Whether shrinking averages over all pixels, as Pillow and torchvision do, or not, as OpenCV.
   * @default {true}
   */
  antialias?: boolean;
  /** Cuts [height, width] out of the middle. @default {none} */
  crop?: readonly [height: number, width: number];
  /** Channels, in the order of the network. @default {"rgb"} */
  channels?: ChannelOrder;
  /**
   * Factor of the pixels' values, 0..255. @default {1 / 255; 1 if `type` is uint8}
   */
  scale?: number;
  /** Is taken off after that, one for all or one per channel, in the order of `channels`. @default {0} */
  mean?: number | readonly number[];
  /** Divides the result, one for all or one per channel. @default {1} */
  std?: number | readonly number[];
  /** [1, channels, height, width] or [1, height, width, channels]. @default {"NCHW"} */
  layout?: "NCHW" | "NHWC";
  /** Element type of the input; `uint8` are the pixels as they are. @default {"float32"} */
  type?: "float32" | "uint8";
  /** Name of the network's input. @default {the only one of `inputs`} */
  input?: string;
  /** The network's inputs, against which shape and type of the pictures are checked. */
  inputs?: readonly ValueType[];
  /**
   * Names of the folders that stand for class 0, 1, 2, ...
   * @default {the folders there are, in order
   * of their names}
   */
  classes?: readonly string[];
  /** For messages and reports. @default {name of the folder} */
  name?: string;
}

/** How pictures become tensors: the options with their defaults. */
export interface ImagePlan {
  readonly input: string;
  readonly expected: ValueType | undefined;
  /** Source channel of each channel of the tensor. */
  readonly order: readonly number[];
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: "NCHW" | "NHWC";
  readonly type: "float32" | "uint8";
}

const ORDERS: Readonly<Record<ChannelOrder, readonly number[]>> = {
  rgb: [0, 1, 2],
  bgr: [2, 1, 0],
  gray: [0],
};

/**
 * Checks the options and fills in their defaults.
 *
 * @param name Of the data set, for messages.
 * @throws {UserError} If they do not go together, or not with the network's inputs.
 */
export function planImages(options: ImagesOptions, name: string): ImagePlan {
  const { inputs, channels = "rgb", layout = "NCHW", type = "float32" } = options;
  const { scale = type === "uint8" ? 1 : 1 / 255 } = options;
  const fail = (why: string): never => {
    throw new UserError(`Cannot use the pictures of ${name}: ${why}`);
  };
  if (!Object.hasOwn(ORDERS, channels)) {
    fail(`channels are ${Object.keys(ORDERS).join(", ")}, got ${channels}`);
  }
  const order = ORDERS[channels];
  const perChannel = (option: "mean" | "std", fallback: number): number[] => {
    const given = options[option] ?? fallback;
    const values = typeof given === "number" ? order.map(() => given) : [...given];
    if (values.length !== order.length) {
      fail(`${option} has ${values.length} values, but ${channels} has ${order.length} channels`);
    }
    if (!values.every((value) => Number.isFinite(value) && (option === "mean" || value !== 0))) {
      fail(`${option} must be finite${option === "std" ? " and not 0" : ""}, got ${values}`);
    }
    return values;
  };
  const [mean, std] = [perChannel("mean", 0), perChannel("std", 1)];
  if (!Number.isFinite(scale)) fail(`scale must be finite, got ${scale}`);
  for (const option of ["resize", "crop"] as const) {
    const sizes = options[option] ?? 1;
    const bad = [sizes].flat().find((size) =>
      !(Number.isInteger(size) && size >= 1 && size <= MOST_SIDE)
    );
    if (bad !== undefined) {
      fail(`${option} takes whole numbers of pixels from 1 to ${MOST_SIDE}, got ${bad}`);
    }
  }
  const asTheyAre = scale === 1 && mean.every((m) => m === 0) && std.every((s) => s === 1);
  if (type === "uint8" && !asTheyAre) {
    fail("uint8 holds pixels as they are; leave out scale, mean and std");
  }
  const names = inputs?.map(({ name }) => name) ?? [];
  const only = names.length === 1 ? names[0] : undefined;
  const input = options.input ?? only ?? fail("name the input that takes them with `input`");
  const expected = inputs?.find((value) => value.name === input);
  if (inputs && !expected) {
    const [near] = nearest(input, names, 1);
    fail(
      `the network has no input "${input}"; ${
        near ? `did you mean "${near}"?` : `it has ${names}`
      }`,
    );
  }
  if (expected && expected.type !== type) {
    fail(`the input "${input}" takes ${expected.type}; choose it with \`type\``);
  }
  return { input, expected, order, scale, mean, std, layout, type };
}
