import { create } from "@bufbuild/protobuf";
import { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import { GraphProtoSchema, ModelProtoSchema, OperatorSetIdProtoSchema } from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import { float32 } from "../tensor/tensor.ts";
import type { Branch } from "./assay.ts";
import { valueInfo } from "./parts.ts";

const [ROWS, DEPTH, COLUMNS] = [64, 512, 512];

/**
 * A matrix product of 17 million multiplications, about a millisecond, that is timed with everything
 * else. A machine is twice as fast in one minute as in the next, and what is kept of a measurement is
 * how long something takes in such units.
 */
export function yardstick(): Branch {
  const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i));
  const x = float32([ROWS, DEPTH], wave(ROWS * DEPTH));
  const graph = create(GraphProtoSchema, {
    name: "yardstick",
    node: [makeNode("MatMul", ["x", "w"], ["y"], {}, { name: "product" })],
    initializer: [makeTensorProto("w", float32([DEPTH, COLUMNS], wave(DEPTH * COLUMNS)))],
    input: [valueInfo("x", x)],
    output: [valueInfo("y")],
  });
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: "", version: 13n })];
  const proto = create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph });
  const model = new Model(proto, { name: "yardstick" });
  return { part: { model, feeds: { x } }, own: new Set() };
}
