import { UserError } from "../errors.ts";
import { type Dataset, select } from "./dataset.ts";
import { sequenceStarts } from "./stream.ts";
import { random } from "../random.ts";

/**
 * Three parts of a data set that share no sample.
 * @category Samples
 */
export interface Splits {
  /** Ranges come from these samples, */
  readonly calibration: Dataset;
  /** choices from these, */
  readonly selection: Dataset;
  /** and the reported number from these. */
  readonly test: Dataset;
  /** Name of the whole. */
  readonly name: string;
  /** By which the samples were drawn. */
  readonly seed: number;
}

/**
 * Options for {@linkcode splitDataset}. Sizes are numbers of samples, or fractions if below 1; of a
 * stream they are numbers of sequences, which are not torn apart.
 * @category Samples (advanced)
 */
export interface SplitOptions {
  /**
   * To find ranges with.
   * @default {0.4, but no more than 200 samples: ranges settle long before
   * that}
   */
  calibration?: number;
  /**
   * To choose by.
   * @default {half of what calibration and `test` leave, or all of it if `test` is
   * given}
   */
  selection?: number;
  /** For the reported number. @default {all that the other two leave} */
  test?: number;
  /**
   * Draw the samples of each split at random, each class in proportion. With `false` the splits
   * are runs in the given order, calibration first: better for time series and for several crops
   * of one picture, whose neighbours are too alike to be on both sides. @default {true}
   */
  shuffle?: boolean;
  /**
   * Take equally many samples of every class, as many as the rarest one has, and leave out the rest,
   * those without a label too: for data in which some classes are rare. @default {false}
   */
  balanced?: boolean;
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
 * import { arrays, float32Tensor, splitDataset } from "octavo";
 * import assert from "node:assert/strict";
 * const data = arrays({ x: float32Tensor([80, 1], new Float32Array(80)) });
 * const { calibration, selection, test } = splitDataset(data, { test: 0.5 });
 * assert.deepEqual([calibration.length, selection.length, test.length], [32, 8, 40]);
 * ```
 * @category Samples
 */
export function splitDataset(dataset: Dataset, options: SplitOptions = {}): Splits {
  const { shuffle = true, balanced = false, seed = 0 } = options;
  const classes = classesOf(dataset, balanced);
  const order = shuffle ? shuffledOrder(classes, seed) : inOrder(classes);
  const sizes = splitSizes(order.length, dataset, options);
  let start = 0;
  const take = (size: number, split: string) => {
    const indices = order.slice(start, start += size).flatMap(({ samples }) => samples);
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

/** Two parts of a data set that share no sample. */
export interface CalibrationSplit {
  readonly calibration: Dataset;
  /** What calibration leaves; absent where that is nothing. */
  readonly rest?: Dataset;
}

/**
 * Splits a data set into as many calibration samples as asked for, drawn as {@linkcode splitDataset}
 * draws them, and the rest.
 *
 * @param calibration Number of samples, of a stream that of sequences; all if there are no more.
 */
export function calibrationSplit(
  dataset: Dataset,
  calibration: number,
  options: Pick<SplitOptions, "shuffle" | "seed"> = {},
): CalibrationSplit {
  const { shuffle = true, seed = 0 } = options;
  const classes = classesOf(dataset, false);
  const order = shuffle ? shuffledOrder(classes, seed) : inOrder(classes);
  const part = (units: readonly Unit[], split: string) =>
    select(dataset, units.flatMap(({ samples }) => samples), `${dataset.name} (${split})`);
  const rest = order.slice(calibration);
  return {
    calibration: part(order.slice(0, calibration), "calibration"),
    ...(rest.length > 0 && { rest: part(rest, "selection") }),
  };
}

/** What is not torn apart: a sample, or a sequence of them. */
interface Unit {
  /** Indices of its samples. */
  readonly samples: readonly number[];
  /** Class of its samples if they have the same, -1 if it is not known. */
  readonly label: number;
  /** Name of the set that it is of, where there are several. */
  readonly part?: string | undefined;
}

/** The units of a class. */
interface ClassOfUnits {
  readonly units: readonly Unit[];
  /** How many of them are to be used. */
  readonly count: number;
}

function classesOf(dataset: Dataset, balanced: boolean): ClassOfUnits[] {
  const groups = Map.groupBy(unitsOf(dataset), ({ label, part = "" }) => `${label} ${part}`);
  const classes = [...groups.values()];
  if (!balanced) return classes.map((units) => ({ units, count: units.length }));
  const known = classes.filter(([unit]) => unit!.label >= 0);
  if (known.length === 0) {
    throw new UserError(
      `Cannot balance the classes of ${dataset.name}: no sample has a label; leave out "balanced"`,
    );
  }
  const count = Math.min(...known.map((units) => units.length));
  return known.map((units) => ({ units, count }));
}

function unitsOf({ length, labels, parts, stream }: Dataset): Unit[] {
  const labelOf = (index: number) => labels?.[index] ?? -1;
  if (!stream) {
    return Array.from({ length }, (_, index) => ({
      samples: [index],
      label: labelOf(index),
      part: parts?.[index],
    }));
  }
  const starts = sequenceStarts(stream);
  return stream.lengths.map((steps, s) => {
    const samples = Array.from({ length: steps }, (_, i) => starts[s]! + i);
    const label = labelOf(starts[s]!);
    return { samples, label: samples.every((index) => labelOf(index) === label) ? label : -1 };
  });
}

/** The first of each class, in the order of the data set; of several sets each in proportion. */
function inOrder(classes: readonly ClassOfUnits[]): Unit[] {
  const sorted = classes
    .flatMap(({ units, count }) => units.slice(0, count))
    .sort((a, b) => a.samples[0]! - b.samples[0]!);
  const sets = [...Map.groupBy(sorted, ({ part }) => part).values()];
  if (sets.length === 1) return sorted;
  return sets
    .flatMap((units) => units.map((unit, k) => ({ unit, place: (k + 0.5) / units.length })))
    .sort((a, b) => a.place - b.place)
    .map(({ unit }) => unit);
}

type Sizes = Record<"calibration" | "selection" | "test", number>;

/** @param n Number of samples, or of sequences. */
function splitSizes(n: number, dataset: Dataset, options: SplitOptions): Sizes {
  const things = dataset.stream ? "sequences" : "samples";
  const given = (split: keyof Sizes): number | undefined => {
    const size = options[split];
    if (size === undefined) return undefined;
    if (!(size >= 0) || (size >= 1 && !Number.isInteger(size))) {
      throw new UserError(
        `Cannot split ${dataset.name}: the size of the ${split} split must be a number of ${things} ` +
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
      `Cannot split ${dataset.name}: it has ${n} ${things}, and ${counts} is more; ` +
        `ask for smaller splits`,
    );
  }
  for (const [split, size] of Object.entries(sizes)) {
    if (size > 0) continue;
    throw new UserError(
      `Cannot split ${dataset.name}: its ${n} ${things} leave the ${split} split empty (${counts}); ` +
        `bring more ${things}, at least 3, or ask for other sizes`,
    );
  }
  return sizes;
}

/**
 * A random order in which any run of neighbours holds every class in proportion: some members of each
 * class, shuffled, are put at equal distances with a random start, and the classes are merged.
 */
function shuffledOrder(classes: readonly ClassOfUnits[], seed: number): Unit[] {
  const stream = random(seed);
  const placed = classes.flatMap(({ units, count }) => {
    const members = [...units];
    for (let i = members.length - 1; i > 0; i--) { // Fisher-Yates
      const j = Math.floor(stream.between(0, i + 1));
      [members[i], members[j]] = [members[j]!, members[i]!];
    }
    const start = stream.between(0, 1);
    return members.slice(0, count).map((unit, k) => ({ unit, place: (k + start) / count }));
  });
  return placed
    .sort((a, b) => a.place - b.place || a.unit.samples[0]! - b.unit.samples[0]!)
    .map(({ unit }) => unit);
}
