import { UserError } from "../errors.ts";
import { type Dataset, select } from "./dataset.ts";
import { random } from "./visemes/prng.ts";

/** Three parts of a data set that share no sample. */
export interface Splits {
  /** Ranges come from these samples, */
  readonly calibration: Dataset;
  /** choices from these, */
  readonly selection: Dataset;
  /** and the reported number from these. */
  readonly test: Dataset;
  /** Name of the whole. */
  readonly name: string;
  readonly seed: number;
}

/** Options for {@linkcode splitDataset}. Sizes are numbers of samples, or fractions if below 1. */
export interface SplitOptions {
  /** @default {0.4, but no more than 200 samples: ranges settle long before that} */
  calibration?: number;
  /** @default {half of what calibration and `test` leave, or all of it if `test` is given} */
  selection?: number;
  /** @default {all that the other two leave} */
  test?: number;
  /**
   * Draw the samples of each split at random, each class in proportion. With `false` the splits
   * are runs in the given order, calibration first: better for time series and for several crops
   * of one picture, whose neighbours are too alike to be on both sides. @default {true}
   */
  shuffle?: boolean;
  /** Seed of the shuffle: same seed, same splits. @default {0} */
  seed?: number;
}

/**
 * Splits a data set into calibration, selection and test, without copying it.
 *
 * With labels and `shuffle`, every class is spread evenly over the splits, to within one sample at
 * each border. By default 1,000 samples become 200, 400 and 400; 80 become 32, 24 and 24.
 *
 * @throws {UserError} If the sizes are more than there is, or a split would be empty.
 * @example
 * ```ts
 * import { arrays } from "./arrays.ts";
 * import { splitDataset } from "./split.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const data = arrays({ x: float32([80, 1], new Float32Array(80)) });
 * const { calibration, selection, test } = splitDataset(data, { test: 0.5 });
 * assert.deepEqual([calibration.length, selection.length, test.length], [32, 8, 40]);
 * ```
 */
export function splitDataset(dataset: Dataset, options: SplitOptions = {}): Splits {
  const { shuffle = true, seed = 0 } = options;
  const sizes = splitSizes(dataset, options);
  const order = shuffle ? shuffledOrder(dataset, seed) : [...Array(dataset.length).keys()];
  let start = 0;
  const take = (size: number, split: string) => {
    const indices = order.slice(start, start += size);
    return select(dataset, indices, `${dataset.name} (${split})`);
  };
  return {
    calibration: take(sizes.calibration, "calibration"),
    selection: take(sizes.selection, "selection"),
    test: take(sizes.test, "test"),
    name: dataset.name,
    seed,
  };
}

type Sizes = Record<"calibration" | "selection" | "test", number>;

function splitSizes(dataset: Dataset, options: SplitOptions): Sizes {
  const n = dataset.length;
  const given = (split: keyof Sizes): number | undefined => {
    const size = options[split];
    if (size === undefined) return undefined;
    if (!(size >= 0) || (size >= 1 && !Number.isInteger(size))) {
      throw new UserError(
        `Cannot split ${dataset.name}: the size of the ${split} split must be a number of samples ` +
          `or a fraction below 1, got ${size}`,
      );
    }
    return size < 1 ? Math.floor(size * n + 1e-9) : size; // 0.29 * 100 is 28.999999999999996
  };
  const calibration = given("calibration") ?? Math.min(200, Math.max(1, Math.floor(0.4 * n)));
  const asked = given("test");
  const selection = given("selection") ??
    Math.max(0, asked === undefined ? Math.floor((n - calibration) / 2) : n - calibration - asked);
  const test = asked ?? Math.max(0, n - calibration - selection);

  const sizes = { calibration, selection, test };
  const counts = `calibration ${calibration}, selection ${selection}, test ${test}`;
  if (calibration + selection + test > n) {
    throw new UserError(
      `Cannot split ${dataset.name}: it has ${n} samples, and ${counts} is more; ` +
        `ask for smaller splits`,
    );
  }
  for (const [split, size] of Object.entries(sizes)) {
    if (size > 0) continue;
    throw new UserError(
      `Cannot split ${dataset.name}: its ${n} samples leave the ${split} split empty (${counts}); ` +
        `bring more samples, at least 3, or ask for other sizes`,
    );
  }
  return sizes;
}

/**
 * A random order in which any run of neighbours holds every class in proportion: the members of a
 * class, shuffled, are put at equal distances with a random start, and the classes are merged.
 */
function shuffledOrder(dataset: Dataset, seed: number): number[] {
  const stream = random(seed);
  const classes = new Map<number, number[]>();
  for (let index = 0; index < dataset.length; index++) {
    const label = dataset.labels?.[index] ?? -1;
    const members = classes.get(label);
    if (members) members.push(index);
    else classes.set(label, [index]);
  }
  const placed: { index: number; place: number }[] = [];
  for (const members of classes.values()) {
    for (let i = members.length - 1; i > 0; i--) { // Fisher-Yates
      const j = Math.floor(stream.between(0, i + 1));
      [members[i], members[j]] = [members[j]!, members[i]!];
    }
    const start = stream.between(0, 1);
    members.forEach((index, k) => placed.push({ index, place: (k + start) / members.length }));
  }
  return placed.sort((a, b) => a.place - b.place || a.index - b.index).map(({ index }) => index);
}
