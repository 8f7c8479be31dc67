/** Seeds from `start` up to, not including, `end`. */
export interface SeedRange {
  start: number;
  end: number;
}

/**
 * Which seeds are for what; no seed is in two ranges. Every range starts at label 0, so its first n
 * seeds are balanced: exactly if n is a multiple of 40, else within one clip. The bundled network
 * was trained on 44,800 of the first 64,000 seeds of `training`, in mild conditions, and watched on
 * the last 1,000; its weights owe nothing to the other three.
 */
export const SPLITS = {
  training: { start: 0, end: 1_000_000 },
  calibration: { start: 1_000_000, end: 2_000_000 },
  selection: { start: 2_000_000, end: 3_000_000 },
  test: { start: 3_000_000, end: 4_000_000 },
} as const satisfies Record<string, SeedRange>;
