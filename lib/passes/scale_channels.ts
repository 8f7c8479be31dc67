import type { Model } from "../onnx/model.ts";
import { ChannelScales } from "./channel_scales.ts";
import type { ChannelSite } from "./channel_sites.ts";
import { CorrectedModel, nodeKey } from "./corrected_model.ts";
import type { PassContext } from "./pass.ts";

/**
 * Scales the channels of sites by factors that are rounded to powers of two, which cost no bit of any
 * product: float32 results stay the same, unless one leaves the range of float32.
 *
 * @param factors For each site, one for each channel.
 * @param note What to say of a site, given the names of its readers.
 * @returns `model` itself if all factors are rounded to 1, or weights would leave the range.
 */
export function scaleChannels(
  model: Model,
  sites: readonly ChannelSite[],
  factors: readonly Float64Array[],
  note: (readers: string) => string,
  context: PassContext,
): Model {
  const scales = new ChannelScales();
  const notes = new Map<string, string>();
  sites.forEach((site, i) => {
    const powers = factors[i]!.map((factor) => 2 ** Math.round(Math.log2(factor)));
    if (powers.every((power) => power === 1)) return;
    scales.scale(site, powers);
    const readers = new Set(site.readers.map(({ weights }) => nodeKey(weights.node)));
    notes.set(nodeKey(site.source.node), note([...readers].join(", ")));
  });
  const graph = notes.size > 0 ? scales.apply(model.graph, sites, context) : undefined;
  return graph ? new CorrectedModel(model, graph, notes) : model;
}
