import type { NodeProto } from "../onnx/onnx_pb.ts";
import { dynamicOperator } from "./dynamic.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { NodeIdentity } from "./mapping.ts";
import { float32, type QConfig } from "./qconfig.ts";
import { storableWeights, weightOnlyObstacle } from "./weight_only.ts";

/** What becomes of one node. */
export interface Decision {
  readonly node: NodeProto;
  readonly identity: NodeIdentity;
  readonly asked: QConfig;
  /** Facts of the graph it stands in. */
  readonly facts: GraphFacts;
  /** The rule that asked. */
  readonly source: string;
  /** What it is written as: what was asked, or else what that falls back to. */
  applied: QConfig;
  /** Number of that rule, undefined for the default. */
  readonly rule: number | undefined;
  /** Whether that rule means this node, by its name or path. */
  readonly named: boolean;
  /** Why it is not what was asked for. */
  obstacle?: string;
  /** Whether the obstacle lies in the node itself, and not in its neighbours or its speed. */
  impossible?: boolean;
  /** The node it runs inside of, if it is a Relu, Clip or bias Add that a kernel absorbs. */
  anchor?: NodeProto;
  /** Set where the node lies in the body of an If, Loop or Scan. */
  readonly inBody: boolean;
}

/** Falls back to float32, or to what the qconfig names instead, with the reason. */
export function fallBack(decision: Decision, obstacle: string, impossible = false): void {
  const { asked, node, facts } = decision;
  const otherwise = "otherwise" in asked ? asked.otherwise : float32;
  const canBe = otherwise.kind === "dynamic"
    ? whyNotDynamic(node, facts) === undefined
    : otherwise.kind === "weightOnly" &&
      weightOnlyObstacle(node, otherwise, facts) === undefined;
  decision.applied = canBe ? otherwise : float32;
  decision.obstacle = obstacle;
  decision.impossible = impossible && !canBe;
}

/** Whether all that a node does is to move the elements of a constant. */
export function laysOut({ node, facts }: Decision): boolean {
  return node.output.some((name) => facts.layoutOf(name) !== undefined);
}

/** Leaves a node as it is, whatever its qconfig names instead. */
export function leave(decision: Decision, obstacle: string): void {
  decision.applied = float32;
  decision.obstacle = obstacle;
}

/** Why a node has no dynamic int8 form, if so. */
export function whyNotDynamic(node: NodeProto, facts: GraphFacts): string | undefined {
  const operator = dynamicOperator(node);
  if (operator) return operator.obstacle(node, facts);
  return storableWeights(node, facts).length > 0
    ? `no dynamic int8 kernel for ${node.opType}`
    : "it has no weights";
}
