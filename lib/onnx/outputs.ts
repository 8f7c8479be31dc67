import { create } from "@bufbuild/protobuf";
import { graphInputs } from "./graph.ts";
import type { Model } from "./model.ts";
import { ValueInfoProtoSchema } from "./onnx_pb.ts";

/**
 * The model with some of its values as outputs besides its own: what it computes on the way can then be
 * seen. They are declared by name alone; the runtime infers type and shape. Inputs, and what is an
 * output already, are left out.
 *
 * @example
 * ```ts
 * import { withOutputs } from "./outputs.ts";
 * import { Model } from "./model.ts";
 * import { ModelProtoSchema } from "./onnx_pb.ts";
 * import { parseGraph } from "./text.ts";
 * import { create } from "@bufbuild/protobuf";
 * import assert from "node:assert/strict";
 * const graph = parseGraph("input x float32[1]; output y float32[1]; h = Exp(x); y = Neg(h)");
 * const model = withOutputs(new Model(create(ModelProtoSchema, { graph })), ["x", "h", "y"]);
 * assert.deepEqual(model.graph.output.map(({ name }) => name), ["y", "h"]);
 * ```
 */
export function withOutputs(model: Model, names: Iterable<string>): Model {
  const { graph } = model;
  const given = new Set([...graph.output, ...graphInputs(graph)].map(({ name }) => name));
  const more = [...new Set(names)].filter((name) => !given.has(name))
    .map((name) => create(ValueInfoProtoSchema, { name }));
  return model.withGraph({ ...graph, output: [...graph.output, ...more] });
}
