import type { Model } from "../onnx/model.ts";
import { ChannelScales } from "./channel_scales.ts";
import { channelSites } from "./channel_sites.ts";
import { rootContext } from "./pass.ts";
import { scaleChannels } from "./scale_channels.ts";

/**
 * Options for {@linkcode equalize}.
 * @category Passes (advanced)
 */
export interface EqualizeOptions {
  /** Most rounds over all pairs of layers. @default {50} */
  maxRounds?: number;
  /** Ends when no factor of a round differs from 1 by more than this. @default {0.001} */
  tolerance?: number;
}

/**
 * Evens the ranges of weights between the channels of neighbouring layers (cross-layer equalization):
 * where a layer's output channel c has weights up to a, and those of the next layers that read it go
 * up to b, the first are divided and the second multiplied by sqrt(a / b), after which both reach
 * sqrt(a b). With one scale for a whole weight no channel then drowns beside another. What stands
 * between must let a positive factor through, as Relu does and ReLU6 does not.
 *
 * Factors are rounded to powers of two: the network computes the same in float32, to the bit, and the
 * two sides are even within a factor of four. Values between the layers change, so calibrate after it.
 * Needs no data.
 *
 * @param model As `fuse()` makes it: BatchNorm folded.
 * @returns `model` itself if no two layers can be equalized.
 * @see {@link https://arxiv.org/abs/1906.04721 | Nagel et al. 2019}, section 4.1
 * @example Channels of weights [8, 1] and [1, 4] before and after a Relu reach sqrt(8 * 1) and sqrt(1 * 4)
 * ```ts
 * import { equalize, parseModel, printGraph } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 1]
 *   output y float32[N, 1]
 *   tensor a float32[1, 2] = [8.0, 1.0]
 *   tensor b float32[2, 1] = [2.0, 4.0]
 *   h = Gemm(x, a)
 *   r = Relu(h)
 *   y = Gemm(r, b)`);
 * const text = printGraph(equalize(model).graph);
 * assert.match(text, /tensor a float32\[1, 2\] = \[4\.0, 2\.0\]/);
 * assert.match(text, /tensor b float32\[2, 1\] = \[4\.0, 2\.0\]/);
 * ```
 * @category Passes (advanced)
 */
export function equalize(model: Model, options: EqualizeOptions = {}): Model {
  const { maxRounds = 50, tolerance = 1e-3 } = options;
  const context = rootContext(model.graph);
  const sites = channelSites(model.graph, context).filter(({ source }) => source.weights);
  const totals = sites.map(({ channels }) => new Float64Array(channels).fill(1));
  const scales = new ChannelScales();
  for (let round = 0; round < maxRounds; round++) {
    let furthest = 0;
    sites.forEach((site, i) => {
      const [made, read] = [scales.madeBy(site), scales.readBy(site)];
      const factors = made.map((a, c) => equalizing(a, read[c]!));
      scales.scale(site, factors);
      factors.forEach((factor, c) => totals[i]![c]! *= factor);
      furthest = factors.reduce((far, factor) => Math.max(far, Math.abs(factor - 1)), furthest);
    });
    if (furthest <= tolerance) break;
  }
  return scaleChannels(model, sites, totals, (readers) => `equalized with ${readers}`, context);
}

/** A channel that is 0 on one side has nothing to be evened with. */
function equalizing(made: number, read: number): number {
  const factor = Math.sqrt(made / read);
  return factor > 0 && Number.isFinite(factor) ? factor : 1;
}
