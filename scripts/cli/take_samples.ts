import { type Dataset, slice } from "../../lib/data/dataset.ts";
import { calibrationSplit } from "../../lib/data/split.ts";
import { count, plural } from "../../lib/report/format.ts";

/** Most samples to compare on, unless more are asked for: this is a check, `sweep` measures. */
const CHECKED = 100;

/** Options for {@linkcode takeSamples}. */
export interface TakeSamplesOptions {
  /** Samples to find ranges with. @default {40 %, at least 1 and at most 200} */
  calibration?: number;
  /** Most samples to compare on. @default {100} */
  selection?: number;
  /** Take them in their order. */
  inOrder: boolean;
  /** Seed of the shuffle, where they are not. @default {0} */
  seed?: number;
}

/** Samples to calibrate with, and others to compare on if any are left. */
export function takeSamples(
  dataset: Dataset,
  options: TakeSamplesOptions,
): { calibration: Dataset; check?: Dataset } {
  const { selection = CHECKED, inOrder, seed } = options;
  const n = dataset.stream?.lengths.length ?? dataset.length;
  const asked = options.calibration ?? Math.max(1, Math.min(200, 0.4 * n | 0));
  const { calibration, rest } = calibrationSplit(dataset, asked, { shuffle: !inOrder, seed });
  return { calibration, ...(rest && { check: slice(rest, 0, selection) }) };
}

/** Samples to compare on where no ranges are wanted. */
export function takeAll(
  dataset: Dataset,
  { selection = CHECKED, inOrder, seed }: TakeSamplesOptions,
): { check: Dataset } {
  const { rest } = calibrationSplit(dataset, 0, { shuffle: !inOrder, seed });
  return { check: slice(rest!, 0, selection) };
}

/** What the numbers rest on: `Ranges from 8 of the 20 samples of data.npz; compared on 12 others.` */
export function samplesNote(
  dataset: Dataset,
  { calibration, check }: { calibration?: Dataset; check?: Dataset },
): string {
  const all = `${plural(dataset.length, "sample")} of ${dataset.name}`;
  if (!calibration) {
    const used = check?.length === dataset.length ? "the" : `${count(check?.length ?? 0)} of the`;
    return `No ranges were wanted; compared on ${used} ${all}.`;
  }
  if (check) {
    return `Ranges from ${count(calibration.length)} of the ${all}; compared on ` +
      `${count(check.length)} other${check.length === 1 ? "" : "s"}.`;
  }
  return dataset.length === 1
    ? `Ranges from the 1 sample of ${dataset.name}. 1 sample: nothing left to compare on.`
    : `Ranges from all ${all}: not enough samples to compare. Bring more, or give --calibration a ` +
      `smaller number.`;
}
