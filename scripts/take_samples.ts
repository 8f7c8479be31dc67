import { type Dataset, slice } from "../lib/data/dataset.ts";
import { splitDataset } from "../lib/data/split.ts";

/** Most samples to compare on: this is a check, `sweep` is the measurement. */
const CHECKED = 100;

/** Samples to calibrate with, and others to compare on if there are enough. */
export function takeSamples(
  dataset: Dataset,
  options: { calibration?: number; inOrder: boolean },
): { calibration: Dataset; check?: Dataset } {
  const n = dataset.length;
  const calibration = Math.min(n, options.calibration ?? Math.max(1, Math.min(200, 0.4 * n | 0)));
  const rest = n - calibration;
  if (rest < 3) return { calibration: slice(dataset, 0, calibration) };
  const sizes = { calibration, selection: rest - 1, test: 1 };
  const splits = splitDataset(dataset, { ...sizes, shuffle: !options.inOrder });
  return { calibration: splits.calibration, check: slice(splits.selection, 0, CHECKED) };
}
