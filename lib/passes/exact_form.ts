import { UserError } from "../errors.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { Model } from "../onnx/model.ts";
import { lowerForWasm } from "./lower_for_wasm.ts";
import { learnShapes } from "../runtime/learn_shapes.ts";

/** Exact float32 forms of a network that configurations are made from. */
export const REWRITES = ["fused", "lowered"] as const;

/**
 * - `fused`: BatchNorm folded, constants computed.
 * - `lowered`: besides, Conv3d as Conv2d and convolutions on small maps as matrix products, where that
 *   is faster on WASM. The shapes of one sample are built in, but for the batch.
 */
export type Rewrite = typeof REWRITES[number];

/** The network in each of its exact forms. */
export type Bases = Readonly<Record<Rewrite, Model>>;

/**
 * Makes the exact forms of a fused network. Where lowering finds nothing to do, or the network does
 * not show its shapes, `lowered` is the fused network itself.
 *
 * @param sample One run's inputs, to learn shapes from.
 */
export async function makeBases(fused: Model, sample: Feeds): Promise<Bases> {
  try {
    return { fused, lowered: lowerForWasm(fused, await learnShapes(fused, sample)) };
  } catch (error) {
    // What is wrong with the network or the sample shows when float32 is measured, with its reason; a
    // network that only refuses to give out what is inside can be quantized all the same.
    if (error instanceof UserError) return { fused, lowered: fused };
    throw error;
  }
}
