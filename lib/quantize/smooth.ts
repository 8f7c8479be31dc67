import { calibrate, type CalibrateOptions } from "../calibrate/calibrate.ts";
import type { ChannelStatistics } from "../calibrate/channel_statistics.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import { ChannelScales } from "../passes/channel_scales.ts";
import { type ChannelSite, channelSites } from "../passes/channel_sites.ts";
import { rootContext } from "../passes/pass.ts";
import { scaleChannels } from "../passes/scale_channels.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { decide } from "./decide.ts";
import type { QConfigMapping } from "./mapping.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { tap } from "./prepare.ts";

/**
 * Options for {@linkcode smooth}.
 * @category Passes (advanced)
 */
export interface SmoothOptions extends CalibrateOptions {
  /**
   * How much of the unevenness goes from the activations into the weights: 0 makes the weights even, 1
   * the activations. @default {0.5}
   */
  alpha?: number;
}

/**
 * Moves what is uneven between the channels of an activation into the weights that read it
 * (SmoothQuant): channel j, whose values reach a and whose weights reach w, is divided by
 * a^alpha / w^(1 - alpha) and its weights are multiplied by that. One scale then serves all channels of
 * the activation better where a few of them are far larger than the others.
 *
 * The division is folded into what makes the channels: a LayerNormalization, a Mul by constants, or the
 * Conv, Gemm or MatMul before a Relu or a pool. Where that is something
 * else (a residual Add, a Softmax, several readers with other demands) the layer is left alone.
 *
 * Factors are rounded to powers of two: the network computes the same in float32, to the bit. Values
 * before the layers change, so calibrate after it.
 *
 * For outlier channels, as behind a LayerNorm. On networks of Conv and Relu without them it took 0 to
 * 2.5 dB (SQNR of four networks), since the weights lose what the activations gain: measure it.
 *
 * @param model Float32, from `fuse()`.
 * @param mapping Only activations that some static node reads are smoothed.
 * @param data Samples to find the reach of every channel with, in one pass.
 * @returns `model` itself if there is nothing to smooth.
 * @throws {RangeError} If alpha is not in [0, 1].
 * @throws {UserError} As `calibrate()` does.
 * @see {@link https://arxiv.org/abs/2211.10438 | Xiao et al. 2022}, section 4
 * @example
 * ```ts
 * import { arrays, float32Tensor, qconfigMapping, staticInt8 } from "octavo";
 * import { parseModel, smooth } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 1]
 *   output y float32[N, 1]
 *   tensor a float32[1, 2] = [64.0, 1.0]
 *   tensor b float32[2, 1] = [1.0, 1.0]
 *   h = Gemm(x, a); r = Relu(h); y = Gemm(r, b)`);
 * const mapping = qconfigMapping({ default: staticInt8() });
 * const smoothed = await smooth(model, mapping, arrays({ x: float32Tensor([2, 1], [1, 0.5]) }));
 * assert.notEqual(smoothed, model); // its first channel is divided by 8, the weight multiplied
 * ```
 * @category Passes (advanced)
 */
export async function smooth(
  model: Model,
  mapping: QConfigMapping,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: SmoothOptions = {},
): Promise<Model> {
  const { alpha = 0.5, ...passes } = options;
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new RangeError(`Cannot smooth with alpha ${alpha}: expected 0 to 1`);
  }
  const graph = nameNodes(model.graph);
  const named = model.withGraph(graph);
  const context = rootContext(graph);
  const { units } = decide(graph, mapping);
  const sites = channelSites(graph, context)
    .filter(({ readers }) => readers.some(({ weights }) => units.has(weights.node)));
  if (sites.length === 0) return model;
  const channelAxes = new Map(
    sites.flatMap(({ readers }) =>
      readers.map(({ weights: { node } }) =>
        [node.input[0]!, node.opType.startsWith("Conv") ? 1 : -1] as const
      )
    ),
  );
  const tensors = [...channelAxes.keys()];
  const watched = { ...tap(named, tensors), channelAxes };
  const { statistics } = await calibrate(watched, data, passes);
  const scales = new ChannelScales();
  const factors = sites.map((site) => {
    const weights = scales.readBy(site);
    return smoothing(reachOf(site, (name) => statistics.get(name)?.channels), weights, alpha);
  });
  const smoothed = scaleChannels(named, sites, factors, (to) => `smoothed for ${to}`, context);
  return smoothed === named ? model : smoothed;
}

/** The largest magnitude of each channel of a site, wherever it is read. */
function reachOf(
  { readers, channels }: ChannelSite,
  seen: (name: string) => ChannelStatistics | undefined,
): Float64Array {
  const reach = new Float64Array(channels);
  for (const { weights, run } of readers) {
    const { min, max } = seen(weights.node.input[0]!) ?? { min: [], max: [] };
    for (let i = 0; i < max.length; i++) {
      const c = Math.floor(i / run);
      reach[c] = Math.max(reach[c]!, -min[i]!, max[i]!);
    }
  }
  return reach;
}

/** The factors, of geometric mean 1; a channel that is 0 on one side keeps its own. */
function smoothing(values: Float64Array, weights: Float64Array, alpha: number): Float64Array {
  const logs = values.map((a, c) => alpha * Math.log(a) - (1 - alpha) * Math.log(weights[c]!));
  const finite = logs.filter(Number.isFinite);
  const mean = finite.reduce((sum, log) => sum + log, 0) / Math.max(1, finite.length);
  return logs.map((log) => Number.isFinite(log) ? Math.exp(log - mean) : 1);
}
