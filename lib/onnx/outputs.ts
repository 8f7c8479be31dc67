import { create } from "@bufbuild/protobuf";
import { graphInputs } from "./graph.ts";
import type { Model } from "./model.ts";
import { ValueInfoProtoSchema } from "./onnx_pb.ts";

/**
 * The model with some of its values as outputs besides its own, so that a run gives them too. Their
 * types are left to the runtime to infer. Names of outputs and inputs are passed over: those are given
 * already.
 *
 * @param names Values that nodes of the graph give. That they exist is not checked; a runtime refuses
 * what it does not find.
 * @example
 * ```ts
 * import { Model } from "./model.ts";
 * import { withOutputs } from "./outputs.ts";
 * const tapped = (model: Model) => withOutputs(model, ["/conv1/Conv_output_0"]);
 * ```
 */
export function withOutputs(model: Model, names: Iterable<string>): Model {
  const { graph } = model;
  const given = new Set([...graph.output, ...graphInputs(graph)].map(({ name }) => name));
  const more = [...new Set(names)].filter((name) => !given.has(name))
    .map((name) => create(ValueInfoProtoSchema, { name }));
  return model.withGraph({ ...graph, output: [...graph.output, ...more] });
}
