import type { Model } from "../onnx/model.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { QUANTIZED_OPSET, raiseOpset } from "../onnx/opset.ts";
import { learnShapes } from "../runtime/learn_shapes.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import { runValues } from "../runtime/run_values.ts";

/** What is known of a network before it is placed. */
export interface NetworkFacts {
  /** Float32, with a name for each node, in an opset that can be quantized. */
  readonly model: Model;
  readonly shapes: ShapeMap;
  /** What a run on the sample gave, by name. */
  readonly values: ReadonlyMap<string, Tensor>;
  /** The graph after the runtime's optimization, if that can be read. */
  readonly optimized?: GraphProto;
}

/**
 * Runs a network on a sample to see what there is to place.
 *
 * @throws {UserError} If the sample does not fit, or the opset cannot be raised.
 */
export async function networkFacts(
  model: Model,
  feeds: Feeds,
  { runtime, signal }: { readonly runtime: Runtime; readonly signal?: AbortSignal },
): Promise<NetworkFacts> {
  const raised = raiseOpset(model, QUANTIZED_OPSET);
  const named = raised.withGraph(nameNodes(raised.graph));
  const frozen = freezeRandom(named); // values of one run have the shapes of another
  const shapes = await learnShapes(frozen, feeds, { runtime, signal });
  const values = await runValues(frozen, feeds, runtime);
  const optimized = await runtime.optimized(named);
  return { model: named, shapes, values, ...(optimized && { optimized: optimized.graph }) };
}
