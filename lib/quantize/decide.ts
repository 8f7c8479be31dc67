import { UserError } from "../errors.ts";
import { isStandard } from "../onnx/node.ts";
import { subgraphs } from "../onnx/graph.ts";
import { modulePaths } from "../onnx/module_path.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { type GraphFacts, graphFacts } from "./graph_facts.ts";
import {
  type NodeIdentity,
  type QConfigMapping,
  type Resolved,
  resolveMapping,
  showSelector,
} from "./mapping.ts";
import { NO_STATIC_KERNEL, STATIC_OPERATORS, type StaticOperator } from "./operators.ts";
import { integerTensors, worksOnIntegers } from "./integers.ts";
import { dynamicOperator } from "./dynamic.ts";
import { float32, type QConfig } from "./qconfig.ts";
import { zeroFloor } from "./tails.ts";
import { storableWeights } from "./weight_only.ts";

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
  /** Why it is not what was asked for. */
  obstacle?: string;
  /** Whether the obstacle lies in the node itself, and not in its neighbours or its speed. */
  impossible?: boolean;
  /** The node it runs inside of, if it is a Relu, Clip or bias Add that a kernel absorbs. */
  head?: NodeProto;
  /** Set where the node lies in the body of an If, Loop or Scan. */
  readonly inBody: boolean;
}

/** A node with what the int8 kernel absorbs after it, as one step between quantized tensors. */
export interface StaticUnit {
  readonly head: NodeProto;
  readonly operator: StaticOperator;
  readonly qconfig: Extract<QConfig, { kind: "static" }>;
  /** Nodes in order, the head first. */
  nodes: NodeProto[];
  /** Tensors that leave the unit: one, but for a Split. */
  results: readonly string[];
}

/** All decisions on a graph. */
export interface Decisions {
  readonly facts: GraphFacts;
  /** One for each node, bodies after the node that holds them. */
  readonly all: readonly Decision[];
  readonly of: ReadonlyMap<NodeProto, Decision>;
  /** Units by their head. */
  readonly units: ReadonlyMap<NodeProto, StaticUnit>;
}

/**
 * Decides for each node of a graph which form it takes under a mapping, and says why. No ranges are
 * needed for this; they are wanted for what it calls static.
 *
 * @throws {UserError} If a rule of the mapping matches no node.
 */
export function decide(graph: GraphProto, mapping: QConfigMapping): Decisions {
  const decisions = decideWith(graph, (identities) => resolveMapping(mapping, identities));
  if (mapping.onUnsupported !== "float32") refuseImpossible(decisions.all, mapping);
  return decisions;
}

/** As {@linkcode decide}, with what is asked of each node given. */
export function decideWith(
  graph: GraphProto,
  resolve: (identities: readonly NodeIdentity[], nodes: readonly NodeProto[]) => Resolved[],
): Decisions {
  const facts = graphFacts(graph);
  const all = listNodes(facts, resolve);
  const of = new Map(all.map((decision) => [decision.node, decision]));
  const integers = integerTensors(graph);
  for (const decision of all) {
    if (decision.asked.kind === "float32") continue;
    if (worksOnIntegers(decision.node, integers)) fallBack(decision, "it works on integers");
    else if (decision.asked.kind === "dynamic") tryDynamic(decision);
    else if (decision.asked.kind === "weightOnly") tryWeightOnly(decision);
    else if (decision.inBody) {
      fallBack(decision, "ranges in the body of an If, Loop or Scan cannot be calibrated", true);
    }
  }
  const units = staticUnits(graph.node, of, facts);
  dropIdleUnits(graph.node, of, units, facts);
  return { facts, all, of, units };
}

function listNodes(
  facts: GraphFacts,
  resolve: Parameters<typeof decideWith>[1],
): Decision[] {
  const paths = modulePaths(facts.graph);
  const listed: { node: NodeProto; facts: GraphFacts }[] = [];
  const walk = (facts: GraphFacts) => {
    for (const node of facts.graph.node) {
      listed.push({ node, facts });
      for (const body of subgraphs(node)) walk(graphFacts(body, facts));
    }
  };
  walk(facts);
  const identities = listed.map(({ node }): NodeIdentity => ({
    name: node.name || node.output.find((name) => name !== "") || node.opType,
    opType: node.opType,
    path: paths.get(node) ?? "",
  }));
  const resolved = resolve(identities, listed.map(({ node }) => node));
  return listed.map(({ node, facts: own }, i) => {
    const { qconfig, source, rule } = resolved[i]!;
    return {
      node,
      identity: identities[i]!,
      asked: qconfig,
      applied: qconfig,
      source,
      rule,
      facts: own,
      inBody: own !== facts,
    };
  });
}

/** Falls back to float32, or to what a static qconfig names instead, with the reason. */
function fallBack(decision: Decision, obstacle: string, impossible = false): void {
  const { asked, node, facts } = decision;
  const otherwise = asked.kind === "static" ? asked.otherwise : float32;
  const canBe = otherwise.kind === "dynamic"
    ? whyNotDynamic(node, facts) === undefined
    : otherwise.kind === "weightOnly" && storableWeights(node, facts).length > 0;
  decision.applied = canBe ? otherwise : float32;
  decision.obstacle = obstacle;
  decision.impossible = impossible && !canBe;
}

/** Refuses a rule that asks for what none of its nodes can be. */
function refuseImpossible(all: readonly Decision[], mapping: QConfigMapping): void {
  mapping.rules.forEach(([selector], i) => {
    const ruled = all.filter(({ rule }) => rule === i);
    const [first] = ruled;
    if (!first || !ruled.every(({ impossible }) => impossible)) return;
    const { identity, asked, obstacle } = first;
    throw new UserError(
      `Cannot apply the qconfig mapping: rule ${showSelector(selector)} asks for ${asked.kind} ` +
        `${identity.opType} node "${identity.name}": ${obstacle}; give it float32` +
        `, or leave it alone with { onUnsupported: "float32" }`,
    );
  });
}

function tryDynamic(decision: Decision): void {
  const obstacle = whyNotDynamic(decision.node, decision.facts);
  if (obstacle) fallBack(decision, obstacle, true);
}

function whyNotDynamic(node: NodeProto, facts: GraphFacts): string | undefined {
  const operator = dynamicOperator(node);
  if (operator) return operator.obstacle(node, facts);
  return storableWeights(node, facts).length > 0
    ? `no dynamic int8 kernel for ${node.opType}; weightOnly() makes it smaller`
    : "it has no weights";
}

function tryWeightOnly(decision: Decision): void {
  if (storableWeights(decision.node, decision.facts).length === 0) {
    fallBack(decision, "it has no weights worth storing smaller", true);
  }
}

/**
 * Goes through the graph in order and makes a unit of each node that can be static, taking in the
 * tails that its kernel absorbs.
 */
function staticUnits(
  nodes: readonly NodeProto[],
  of: ReadonlyMap<NodeProto, Decision>,
  facts: GraphFacts,
): Map<NodeProto, StaticUnit> {
  const units = new Map<NodeProto, StaticUnit>();
  const unitOf = new Map<string, StaticUnit>();
  const int8 = new Set<string>(); // tensors that are there as uint8
  for (const node of nodes) {
    const decision = of.get(node)!;
    if (decision.asked.kind !== "static" || decision.obstacle) continue;
    const host = absorbingUnit(node, unitOf, facts);
    if (host) {
      const [inner] = host.results as [string];
      const [outer] = node.output as [string];
      unitOf.delete(inner);
      int8.delete(inner);
      host.nodes = [...host.nodes, node];
      host.results = [outer];
      unitOf.set(outer, host);
      int8.add(outer);
      decision.head = host.head;
      continue;
    }
    const operator = isStandard(node) ? STATIC_OPERATORS.get(node.opType) : undefined;
    if (!operator) {
      const reason = NO_STATIC_KERNEL.get(node.opType) ?? `no int8 kernel for ${node.opType}`;
      fallBack(decision, reason, true);
      continue;
    }
    const impossible = operator.obstacle?.(node, facts);
    const obstacle = impossible ?? whyRatherNot(node, operator, decision, int8, facts);
    if (obstacle) {
      fallBack(decision, obstacle, impossible !== undefined);
      continue;
    }
    const unit: StaticUnit = {
      head: node,
      operator,
      qconfig: decision.asked,
      nodes: [node],
      results: operator.role === "carry" ? node.output.filter((name) => name) : [node.output[0]!],
    };
    units.set(node, unit);
    for (const name of unit.results) {
      unitOf.set(name, unit);
      int8.add(name);
    }
    // Quantized for this unit, a tensor is there as uint8 for others as well.
    for (const name of activationInputs(node, operator, facts)) int8.add(name);
  }
  return units;
}

/** Why a node that could be static had better not be. */
function whyRatherNot(
  node: NodeProto,
  operator: StaticOperator,
  { asked }: Decision,
  int8: ReadonlySet<string>,
  facts: GraphFacts,
): string | undefined {
  if (asked.kind === "static" && asked.kernels === "fast") {
    const slow = operator.slow?.(node, facts);
    if (slow) return slow;
  }
  if (operator.role === "compute") return undefined;
  const activations = activationInputs(node, operator, facts);
  if (activations.length === 0) return "it reads constants alone";
  const floats = activations.filter((name) => !int8.has(name));
  if (floats.length === 0) return undefined;
  return operator.role === "carry"
    ? "it only moves values, and they come in float32"
    : `it reads "${floats[0]}", which comes in float32`;
}

/** Inputs that carry activations and are not constants. */
export function activationInputs(
  node: NodeProto,
  operator: StaticOperator,
  facts: GraphFacts,
): string[] {
  const inputs = node.input.filter((_, i) => operator.inputs?.includes(i) ?? true);
  return inputs.filter((name) => name !== "" && !facts.isConstant(name));
}

/** The unit that this node runs inside of, if it alone reads the unit's result. */
function absorbingUnit(
  node: NodeProto,
  unitOf: ReadonlyMap<string, StaticUnit>,
  facts: GraphFacts,
): StaticUnit | undefined {
  for (const name of node.input) {
    const unit = unitOf.get(name);
    if (!unit || !isStandard(node) || !unit.operator.tails?.includes(node.opType)) continue;
    if (facts.consumers(name).length > 1 || facts.isPinned(name)) continue;
    const last = unit.nodes.at(-1)!;
    if (node.opType === "Add") {
      const other = node.input.find((input) => input !== name);
      if (last.opType !== "MatMul" || facts.floatConstant(other)?.dims.length !== 1) continue;
      if (!facts.isConstant(last.input[1])) continue; // the bias of a Linear, nothing else
    } else if (zeroFloor(last, facts) || !zeroFloor(node, facts)) {
      // A Relu or Clip vanishes into quantization only if zero is its floor: then the zero point is
      // the smallest integer. Otherwise the runtime would compute the Conv before it in float32.
      continue;
    }
    return unit;
  }
  return undefined;
}

/**
 * Puts `follow` and `carry` units back to float32 whose result nobody reads as int8: the last
 * quantization would only cost accuracy. With `kernels: "any"` they stay.
 */
function dropIdleUnits(
  nodes: readonly NodeProto[],
  of: ReadonlyMap<NodeProto, Decision>,
  units: Map<NodeProto, StaticUnit>,
  facts: GraphFacts,
): void {
  for (const node of [...nodes].reverse()) {
    const unit = units.get(node);
    if (!unit || unit.operator.role === "compute" || unit.qconfig.kernels === "any") continue;
    const readers = unit.results.flatMap((name) => facts.consumers(name));
    if (readers.some((reader) => of.get(reader)!.applied.kind === "static")) continue;
    units.delete(node);
    for (const member of unit.nodes) {
      const decision = of.get(member)!;
      decision.head = undefined;
      fallBack(decision, "its result is read in float32");
    }
  }
}
