import { calibrate, type CalibrateOptions } from "../calibrate/calibrate.ts";
import type { ChannelStatistics } from "../calibrate/channel_statistics.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/model.ts";
import type { OutlierColumns } from "../record/recipe.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { decide } from "./decide.ts";
import { type QConfigMapping, qconfigMapping, type Rule } from "./mapping.ts";
import { tap } from "./prepare.ts";

/**
 * Options for {@linkcode splitOutliers}.
 * @category QConfigs (advanced)
 */
export interface SplitOutliersOptions extends CalibrateOptions {
  /** Most columns of the input of a product that stay float32. @default {4} */
  most?: number;
}

/** Decibels that each further column has to bring: a bit is worth 6. */
const WORTH_A_COLUMN = 1;

/**
 * Finds, on samples, the columns that widen the range of what a dynamic product reads, and keeps them in
 * float32: all others then have finer steps. A transformer has a few such columns behind its norms and
 * activations, the same for whatever it reads.
 *
 * @param model Float32, from `fuse()`.
 * @param mapping Whose dynamic MatMul and Gemm are looked at.
 * @param data Samples to find the reach of every column with, in one pass.
 * @returns The mapping with a rule for each product that has such columns; itself where none has.
 * @throws {UserError} As `calibrate()` does.
 * @example
 * ```ts
 * import { arrays, dynamicInt8, float32Tensor, qconfigMapping } from "octavo";
 * import { parseModel, splitOutliers } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const weights = Array(64).fill("0.5").join();
 * const model = parseModel(`
 *   input x float32[N, 8]
 *   output y float32[N, 8]
 *   tensor w float32[8, 8] = [${weights}]
 *   y = MatMul(x, w) @ up`);
 * const data = arrays({ x: float32Tensor([1, 8], [1, -1, 1, 40, 1, -1, 1, -1]) });
 * const mapping = qconfigMapping({ default: dynamicInt8() });
 * const [name, qconfig] = (await splitOutliers(model, mapping, data)).rules[0]!;
 * assert.equal(name, "up");
 * assert.deepEqual(qconfig.kind === "dynamic" && qconfig.outliers?.columns, [3]);
 * ```
 * @category QConfigs (advanced)
 */
export async function splitOutliers(
  model: Model,
  mapping: QConfigMapping,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: SplitOutliersOptions = {},
): Promise<QConfigMapping> {
  const { most = 4, ...passes } = options;
  const products = decide(model.graph, mapping).all.filter(({ node, applied, inBody, facts }) =>
    applied.kind === "dynamic" && !inBody && /^(Gemm|MatMul)$/.test(node.opType) &&
    facts.floatConstant(node.input[1])?.dims.length === 2
  );
  const tensors = [...new Set(products.map(({ node }) => node.input[0]!))];
  if (tensors.length === 0) return mapping;
  const watched = {
    ...tap(model, tensors),
    channelAxes: new Map(tensors.map((name) => [name, -1])),
  };
  const { statistics } = await calibrate(watched, data, passes);
  const rules = products.flatMap(({ node, identity, applied }): Rule[] => {
    const channels = statistics.get(node.input[0]!)?.channels;
    const outliers = channels && chooseColumns(channels, most);
    return outliers && applied.kind === "dynamic"
      ? [[identity.name, { ...applied, outliers }]]
      : [];
  });
  return rules.length === 0
    ? mapping
    : qconfigMapping({ ...mapping, rules: [...mapping.rules, ...rules] });
}

/**
 * The columns without which the range is narrower, as many as bring a decibel each, and what they bring
 * together; undefined if none does.
 */
export function chooseColumns(
  { min, max }: Pick<ChannelStatistics, "min" | "max">,
  most: number,
): OutlierColumns | undefined {
  const reach = Array.from(max, (high, c) => Math.max(high, -min[c]!));
  const byReach = reach.map((_, c) => c).sort((a, b) => reach[b]! - reach[a]!);
  const widthWithout = (count: number) => {
    const left = byReach.slice(count);
    const [low, high] = [left.map((c) => min[c]!), left.map((c) => max[c]!)];
    return Math.max(0, ...high) - Math.min(0, ...low);
  };
  const whole = widthWithout(0);
  let best: OutlierColumns | undefined;
  let worth = 0;
  for (let count = 1; count <= Math.min(most, byReach.length - 1); count++) {
    const dB = 20 * Math.log10(whole / widthWithout(count));
    if (!Number.isFinite(dB) || dB - WORTH_A_COLUMN * count <= worth) continue;
    worth = dB - WORTH_A_COLUMN * count;
    const columns = byReach.slice(0, count).sort((a, b) => a - b);
    best = { columns, dB: Math.round(10 * dB) / 10 };
  }
  return best;
}
