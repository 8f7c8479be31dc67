import { create } from "@bufbuild/protobuf";
import { graphInputs } from "./graph.ts";
import type { Model } from "./model.ts";
import { ValueInfoProtoSchema } from "./onnx_pb.ts";

/**
 * The model with some of its values as outputs besides its own; names that are outputs or inputs
 * already are skipped. Their types are inferred by the runtime.
 */
export function withOutputs(model: Model, names: Iterable<string>): Model {
  const { graph } = model;
  const given = new Set([...graph.output, ...graphInputs(graph)].map(({ name }) => name));
  const more = [...names].filter((name) => !given.has(name))
    .map((name) => create(ValueInfoProtoSchema, { name }));
  return model.withGraph({ ...graph, output: [...graph.output, ...more] });
}
