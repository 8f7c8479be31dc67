import { create } from "@bufbuild/protobuf";
import { Model } from "./model.ts";
import { ModelProtoSchema, OperatorSetIdProtoSchema } from "./onnx_pb.ts";
import { parseGraph } from "./text.ts";

/**
 * Options for {@linkcode parseModel}.
 * @category Graphs (advanced)
 */
export interface ParseModelOptions {
  /** Version of the standard operators. @default {17} */
  opset?: number;
  /** For messages and reports. @default {"model"} */
  name?: string;
}

/** Version of the file format: the first one in which weights need not be listed as inputs is 4. */
const IR_VERSION = 8n;

/**
 * A model from the text of its graph, as {@linkcode printGraph} writes it: for trying out a pass or a
 * qconfig on a few nodes.
 *
 * @throws {UserError} If the text is not of the form that `printGraph()` writes, with the line.
 * @example
 * ```ts
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const model = parseModel("input x float32[N]; output y float32[N]; y = Relu(x)");
 * assert.equal(model.graph.node[0]!.opType, "Relu");
 * assert.equal(model.opset, 17);
 * ```
 * @category Graphs (advanced)
 */
export function parseModel(text: string, options: ParseModelOptions = {}): Model {
  const { opset = 17, name = "model" } = options;
  const opsetImport = [create(OperatorSetIdProtoSchema, { version: BigInt(opset) })];
  const graph = parseGraph(text);
  return new Model(create(ModelProtoSchema, { irVersion: IR_VERSION, opsetImport, graph }), {
    name,
  });
}
