/** Seeds from `start` up to, not including, `end`. */
export interface SeedRange {
  start: number;
  end: number;
}

/**
 * Which seeds are for what; no seed is in two ranges. Take the first n of a range: every range starts
 * at label 0, so a multiple of 40 is exactly balanced. The network was trained on the first
 * seeds of `training`, and settings of its training were chosen on the last; the other three it has
 * never met.
 */
export const SPLITS = {
  training: { start: 0, end: 1_000_000 },
  calibration: { start: 1_000_000, end: 2_000_000 },
  selection: { start: 2_000_000, end: 3_000_000 },
  test: { start: 3_000_000, end: 4_000_000 },
} as const satisfies Record<string, SeedRange>;
