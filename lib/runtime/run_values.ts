import type { Model } from "../onnx/model.ts";
import { withOutputs } from "../onnx/outputs.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Everything that a network computes on a sample, and what it is fed, by name.
 *
 * @param shapes What {@linkcode learnShapes} learnt of it: which of its values are tensors.
 */
export async function runValues(
  model: Model,
  feeds: Feeds,
  shapes: ShapeMap,
  runtime: Runtime,
): Promise<Map<string, Tensor>> {
  const names = model.graph.node.flatMap(({ output }) => output);
  const tapped = withOutputs(model, names.filter((name) => name !== "" && shapes.get(name)));
  const values = new Map(Object.entries(feeds));
  for await (const results of runtime.run(tapped, [feeds])) {
    for (const [name, tensor] of Object.entries(results)) values.set(name, tensor);
  }
  return values;
}
