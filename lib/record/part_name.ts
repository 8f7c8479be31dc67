/**
 * What a transformer is made of: tables and first projections (`embedding`), attention with its
 * projections, the layers between (`feed-forward`), norms, and what reads the last layer (`head`).
 * @category QConfigs (advanced)
 */
export type PartName = "embedding" | "attention" | "feed-forward" | "norm" | "head";

/** All parts, in the order in which values go through them. */
export const PART_NAMES = [
  "embedding",
  "attention",
  "feed-forward",
  "norm",
  "head",
] as const satisfies readonly PartName[];

/**
 * Nodes by the part of a transformer that they are in, of one layer or of all.
 * @category QConfigs (advanced)
 */
export interface PartSelector {
  /** The part. */
  part: PartName;
  /** Number of the layer, from 0. @default {all} */
  layer?: number;
}
