import { flag, number } from "./command.ts";

/** A number of samples. */
export const samples = (what: string) => number("N", what, { integer: true, min: 1 });

/** Which samples come into which split, in every command that splits them. */
export const SPLIT_OPTIONS = {
  inOrder: flag("split the samples in their order, for time series; else they are shuffled"),
  seed: number("N", "seed of the shuffle; 0 by default", { integer: true, min: 0 }),
} as const;
