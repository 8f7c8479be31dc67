import type { Model } from "../onnx/model.ts";
import type { Layer } from "../quantize/layers.ts";
import type { QuantizedModel } from "../quantize/quantized_model.ts";
import type { AblatedLayer, AblationRecord } from "../record/ablation_record.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { withTimes } from "./plan_times.ts";
import { profileModel } from "./profile_model.ts";

/** Times of layers, and what they were measured with. */
export interface LayerTimes {
  /** By name of the layer. */
  readonly ms: ReadonlyMap<string, NonNullable<AblatedLayer["ms"]>>;
  readonly timing: NonNullable<AblationRecord["timing"]>;
}

/**
 * Times the kernels of each layer in float32 and in int8, with all others in the same form: one profile
 * of each network. Time spent converting precision or layout between layers is not included.
 *
 * @param layers Names and nodes, as in `float32`.
 */
export async function layerTimes(
  float32: Model,
  quantized: QuantizedModel,
  layers: readonly Layer[],
  samples: readonly Feeds[],
  options: { readonly runtime: Runtime; readonly signal?: AbortSignal },
): Promise<LayerTimes> {
  const before = await profileModel(float32, samples, options);
  const after = await profileModel(quantized, samples, options);
  const float32Rows = Map.groupBy(before.nodes, ({ node }) => node);
  const int8Rows = Map.groupBy(withTimes(quantized, after).plan.rows, ({ node }) => node);
  const sum = (rows: readonly { ms?: number }[]) => rows.reduce((all, { ms = 0 }) => all + ms, 0);
  const ms = layers.map(({ name, nodes }) =>
    [name, {
      float32: sum(nodes.flatMap((node) => float32Rows.get(node) ?? [])),
      int8: sum(nodes.flatMap((node) => int8Rows.get(node) ?? [])),
    }] as const
  );
  return {
    ms: new Map(ms),
    timing: {
      threads: after.threads,
      machine: after.machine,
      ...(after.runtime && { runtime: after.runtime }),
      drifted: before.drifted || after.drifted,
    },
  };
}
