import { UserError } from "../errors.ts";
import { subgraphs } from "../onnx/graph.ts";
import { exportedPath, modulePaths } from "../onnx/module_path.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { wasFloats } from "../passes/known_integers.ts";
import { transformerParts } from "../passes/transformer_parts.ts";
import { type Decision, fallBack, laysOut, leave, whyNotDynamic } from "./decision.ts";
import { existingInt8, INT8_ALREADY } from "./existing_int8.ts";
import { type GraphFacts, graphFacts } from "./graph_facts.ts";
import { integerTensors, worksOnIntegers } from "./integers.ts";
import {
  type NodeIdentity,
  type QConfigMapping,
  qconfigMapping,
  type Resolved,
  resolveMapping,
  showSelector,
} from "./mapping.ts";
import { float32, staticInt8, type WeightOnly, weightOnly } from "./qconfig.ts";
import { sensitiveLayers, type Sensitivity } from "./sensitive.ts";
import { keepHandedWeights, keepSharedWeights } from "./shared_weights.ts";
import { dropIdleUnits, type StaticUnit, staticUnits, type TensorHints } from "./static_units.ts";
import { weightOnlyObstacle } from "./weight_only.ts";

/** All decisions on a graph. */
export interface Decisions {
  readonly facts: GraphFacts;
  /** One for each node, bodies after the node that holds them. */
  readonly all: readonly Decision[];
  readonly of: ReadonlyMap<NodeProto, Decision>;
  /** Units by their anchor, the node whose kernel absorbs the others. */
  readonly units: ReadonlyMap<NodeProto, StaticUnit>;
}

/**
 * Decides for each node of a graph which form it takes under a mapping, and says why. No ranges are
 * needed for this; they are wanted for what it calls static.
 *
 * @param unseen Tensors that have no range, each with the reason. @default {none}
 * @throws {UserError} If a rule of the mapping matches no node, or none that can be what it asks
 * for, or the mapping mixes types of activations.
 */
export function decide(
  graph: GraphProto,
  mapping: QConfigMapping,
  unseen?: ReadonlyMap<string, string>,
): Decisions {
  requireOneType(mapping);
  const decisions = decideWith(
    graph,
    (identities) => resolveMapping(mapping, identities),
    { int8Tensors: mapping.int8Tensors, unseen },
  );
  if (mapping.onUnsupported !== "float32") {
    refuseQuantized(decisions.all);
    refuseImpossible(decisions.all, mapping);
  }
  return decisions;
}

/** Refuses a network of which nothing is left to quantize, since someone did it before. */
function refuseQuantized(all: readonly Decision[]): void {
  const int8 = all.filter(({ obstacle }) => obstacle === INT8_ALREADY);
  const asked = all.filter(({ asked }) => asked.kind !== "float32");
  if (asked.some(({ applied }) => applied.kind !== "float32")) return;
  if (!asked.some(({ obstacle }) => obstacle === INT8_ALREADY)) return;
  // The file held these integers as floats, behind a QuantizeLinear: it becomes smaller all the same.
  if (int8.some(({ node, facts }) => node.input.some((name) => wasFloats(facts.constant(name))))) {
    return;
  }
  // What computes says more than what changes the type before and behind it.
  const layers = int8.filter(({ node }) => !/[qQ]uantizeLinear$/.test(node.opType));
  const [first, ...more] = layers.length > 0 ? layers : int8;
  throw new UserError(
    `Cannot quantize the network: it is int8 already, as ${first!.node.opType} node ` +
      `"${first!.identity.name}"${more.length > 0 ? ` and ${more.length} more` : ""} ` +
      `say${
        more.length > 0 ? "" : "s"
      }, and nothing else in it can be; export the float32 network ` +
      `that it was made from, before any tool quantized it, and quantize that`,
  );
}

/**
 * Looks whether there is anything in a network that could be int8 and is not yet.
 *
 * @throws {UserError} If all that could be is int8 already.
 */
export function requireFloat(graph: GraphProto): void {
  decide(graph, qconfigMapping({ default: staticInt8({ otherwise: weightOnly() }) }));
}

/** What a mapping has to know of each node, bodies of If, Loop and Scan included. */
export function nodeIdentities(graph: GraphProto): NodeIdentity[] {
  return decide(graph, { default: float32, rules: [] }).all.map(({ identity }) => identity);
}

/** As {@linkcode decide}, with what is asked of each node given. */
export function decideWith(
  graph: GraphProto,
  resolve: (identities: readonly NodeIdentity[], nodes: readonly NodeProto[]) => Resolved[],
  hints: TensorHints = {},
): Decisions {
  const facts = graphFacts(graph);
  const all = listNodes(facts, resolve);
  const of = new Map(all.map((decision) => [decision.node, decision]));
  const integers = integerTensors(graph);
  const sensitive = sensitiveLayers(facts);
  for (const own of new Set(all.map(({ facts }) => facts))) {
    for (const node of existingInt8(own)) leave(of.get(node)!, INT8_ALREADY);
  }
  for (const decision of all) {
    if (decision.asked.kind === "float32" || decision.obstacle) continue;
    if (worksOnIntegers(decision.node, integers)) leave(decision, "it works on integers");
    else if (laysOut(decision)) leave(decision, "it lays out constants for others");
    else if (isSpared(decision, sensitive)) spare(decision, sensitive.get(decision.node)!);
    else if (decision.asked.kind === "dynamic") tryDynamic(decision);
    else if (decision.asked.kind === "weightOnly") tryWeightOnly(decision, decision.asked);
    else if (decision.inBody) {
      fallBack(decision, "ranges in the body of an If, Loop or Scan cannot be calibrated", true);
    }
  }
  keepHandedWeights(all);
  const units = staticUnits(graph.node, of, facts, hints);
  dropIdleUnits(graph.node, of, units, facts);
  keepSharedWeights(all);
  return { facts, all, of, units };
}

function listNodes(
  facts: GraphFacts,
  resolve: Parameters<typeof decideWith>[1],
): Decision[] {
  const paths = modulePaths(facts.graph);
  const parts = transformerParts(facts.graph);
  const listed: { node: NodeProto; facts: GraphFacts }[] = [];
  const walk = (facts: GraphFacts) => {
    for (const node of facts.graph.node) {
      listed.push({ node, facts });
      for (const body of subgraphs(node)) walk(graphFacts(body, facts));
    }
  };
  walk(facts);
  const identities = listed.map(({ node }): NodeIdentity => {
    const path = paths.get(node) ?? "";
    const alias = exportedPath(node);
    return {
      name: node.name || node.output.find((name) => name !== "") || node.opType,
      opType: node.opType,
      path,
      ...(alias !== "" && alias !== path && { alias }),
      ...parts.get(node),
    };
  });
  const resolved = resolve(identities, listed.map(({ node }) => node));
  return listed.map(({ node, facts: own }, i) => {
    const { qconfig, source, rule, named } = resolved[i]!;
    return {
      node,
      identity: identities[i]!,
      asked: qconfig,
      applied: qconfig,
      source,
      rule,
      named,
      facts: own,
      inBody: own !== facts,
    };
  });
}

/** A tensor between a node of uint8 and one of int8 activations would have to be both. */
function requireOneType({ default: byDefault, rules }: QConfigMapping): void {
  const asked = [byDefault, ...rules.map(([, qconfig]) => qconfig)];
  const types = asked.flatMap((qconfig) => qconfig.kind === "static" ? [qconfig.dtype] : []);
  if (new Set(types).size < 2) return;
  throw new UserError(
    `Cannot apply the qconfig mapping: it asks for uint8 and for int8 activations, ` +
      `and neighbours share their tensors; take one type for all`,
  );
}

/**
 * Refuses a rule that asks for what none of its nodes can be. Nodes that only move values follow the
 * others: what they could be beside int8 neighbours saves no rule.
 */
function refuseImpossible(all: readonly Decision[], mapping: QConfigMapping): void {
  mapping.rules.forEach(([selector], i) => {
    const ruled = all.filter(({ rule }) => rule === i);
    const first = ruled.find(({ impossible }) => impossible);
    if (!first || ruled.some(({ asked, applied }) => applied.kind === asked.kind)) return;
    const { identity, asked, obstacle } = first;
    throw new UserError(
      `Cannot apply the qconfig mapping: rule ${showSelector(selector)} asks for ${asked.kind} ` +
        `${identity.opType} node "${identity.name}": ${obstacle}; give it ${otherForms(first)}` +
        `, or leave it alone with { onUnsupported: "float32" }`,
    );
  });
}

/** What a node can be beside what was asked of it: `dynamicInt8(), weightOnly() or float32`. */
function otherForms({ node, facts, asked }: Decision): string {
  const forms = [
    ...asked.kind === "dynamic" || whyNotDynamic(node, facts) !== undefined
      ? []
      : ["dynamicInt8()"],
    ...weightOnlyObstacle(node, weightOnly(), facts) === undefined ? ["weightOnly()"] : [],
  ];
  return forms.length === 0 ? "float32" : `${forms.join(", ")} or float32`;
}

/** Whether a node has small values that decide, and no rule means that very node. */
function isSpared(
  { node, asked, named }: Decision,
  sensitive: ReadonlyMap<NodeProto, Sensitivity>,
): boolean {
  const layer = sensitive.get(node);
  return layer !== undefined && !named && !(asked.kind === "weightOnly" && layer.smallWeights);
}

function spare(decision: Decision, { reason, smallWeights }: Sensitivity): void {
  const why = `${reason}; a rule with its name overrules that`;
  if (smallWeights) fallBack(decision, why);
  else leave(decision, why);
}

function tryDynamic(decision: Decision): void {
  const obstacle = whyNotDynamic(decision.node, decision.facts);
  if (obstacle) fallBack(decision, obstacle, true);
}

function tryWeightOnly(decision: Decision, asked: WeightOnly): void {
  const obstacle = weightOnlyObstacle(decision.node, asked, decision.facts);
  if (obstacle) fallBack(decision, obstacle, true);
}
