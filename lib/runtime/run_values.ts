import type { Model } from "../onnx/model.ts";
import { tensorsMade } from "../onnx/non_tensors.ts";
import { withOutputs } from "../onnx/outputs.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Every tensor that a network computes on a sample, and what it is fed, by name.
 */
export async function runValues(
  model: Model,
  feeds: Feeds,
  runtime: Runtime,
): Promise<Map<string, Tensor>> {
  const tapped = withOutputs(model, tensorsMade(model.graph));
  const values = new Map(Object.entries(feeds));
  for await (const results of runtime.run(tapped, [feeds])) {
    for (const [name, tensor] of Object.entries(results)) values.set(name, tensor);
  }
  return values;
}
