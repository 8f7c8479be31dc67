import { create } from "@bufbuild/protobuf";
import { graphInputs } from "./graph.ts";
import type { Model } from "./model.ts";
import {
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";
import { dataTypes } from "./tensor_proto.ts";
import type { ElementType } from "../tensor/tensor.ts";

/**
 * The model with some of its values as outputs besides its own: what it computes on the way can then be
 * seen. Their shapes are left open: the runtime infers them. Inputs, and what is an output already, are
 * left out.
 *
 * @param type Element type to declare. @default {none: the runtime infers that too}
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
export function withOutputs(model: Model, names: Iterable<string>, type?: ElementType): Model {
  const { graph } = model;
  const given = new Set([...graph.output, ...graphInputs(graph)].map(({ name }) => name));
  const more = [...new Set(names)].filter((name) => !given.has(name))
    .map((name) => openValue(name, type));
  return model.withGraph({ ...graph, output: [...graph.output, ...more] });
}

function openValue(name: string, type: ElementType | undefined): ValueInfoProto {
  if (type === undefined) return create(ValueInfoProtoSchema, { name });
  const value = create(TypeProto_TensorSchema, { elemType: dataTypes[type] });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value } }),
  });
}
