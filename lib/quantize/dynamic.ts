import { isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { Builder } from "./builder.ts";
import { convObstacle, writeDynamicConv } from "./dynamic_conv.ts";
import { linearObstacle, writeDynamicLinear } from "./dynamic_linear.ts";
import { lstmObstacle, writeDynamicLstm } from "./dynamic_lstm.ts";
import { recurrentObstacle } from "./dynamic_recurrent.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { DynamicInt8 } from "./qconfig.ts";

/** An operator with a dynamic int8 form. */
export interface DynamicOperator {
  /** Why this node cannot have it, if so. */
  readonly obstacle: (node: NodeProto, facts: GraphFacts) => string | undefined;
  /** Absent for layers that are rewritten into others first: see {@linkcode lowerLayers}. */
  readonly write?: (node: NodeProto, qconfig: DynamicInt8, builder: Builder) => void;
}

const DYNAMIC_OPERATORS: ReadonlyMap<string, DynamicOperator> = new Map<string, DynamicOperator>([
  ["Conv", { obstacle: convObstacle, write: writeDynamicConv }],
  ["Gemm", { obstacle: linearObstacle, write: writeDynamicLinear }],
  ["GRU", { obstacle: recurrentObstacle }],
  ["LSTM", { obstacle: lstmObstacle, write: writeDynamicLstm }],
  ["MatMul", { obstacle: linearObstacle, write: writeDynamicLinear }],
  ["RNN", { obstacle: recurrentObstacle }],
]);

/** The dynamic int8 form of a node's operator, if it has one. */
export function dynamicOperator(node: NodeProto): DynamicOperator | undefined {
  return isStandard(node) ? DYNAMIC_OPERATORS.get(node.opType) : undefined;
}
