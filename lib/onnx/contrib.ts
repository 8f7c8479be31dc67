import { create } from "@bufbuild/protobuf";
import type { Model } from "./model.ts";
import { type GraphProto, OperatorSetIdProtoSchema } from "./onnx_pb.ts";

/** The domain of operators that onnxruntime has beside the standard's. */
export const CONTRIB_DOMAIN = "com.microsoft";

/** The model with another graph, which may have operators of {@linkcode CONTRIB_DOMAIN} now. */
export function withContribGraph(model: Model, graph: GraphProto): Model {
  const { opsetImport } = model.proto;
  const isKnown = opsetImport.some(({ domain }) => domain === CONTRIB_DOMAIN);
  if (isKnown || !graph.node.some(({ domain }) => domain === CONTRIB_DOMAIN)) {
    return model.withGraph(graph);
  }
  const contrib = create(OperatorSetIdProtoSchema, { domain: CONTRIB_DOMAIN, version: 1n });
  return model.withProto({ ...model.proto, graph, opsetImport: [...opsetImport, contrib] });
}
