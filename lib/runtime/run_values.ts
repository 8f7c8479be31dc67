import { create } from "@bufbuild/protobuf";
import type { Model } from "../onnx/model.ts";
import { ValueInfoProtoSchema } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "./learn_shapes.ts";
import type { Runtime } from "./pool.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";

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
  const { graph } = model;
  const given = new Set(graph.output.map(({ name }) => name));
  const taps = graph.node.flatMap(({ output }) => output)
    .filter((name) => name !== "" && !given.has(name) && shapes.get(name));
  const tapped = model.withGraph({
    ...graph,
    // The runtime infers the types of outputs that state none.
    output: [...graph.output, ...taps.map((name) => create(ValueInfoProtoSchema, { name }))],
  });
  const values = new Map(Object.entries(feeds));
  for await (const results of runtime.run(tapped, [feeds])) {
    for (const [name, tensor] of Object.entries(results)) values.set(name, tensor);
  }
  return values;
}
