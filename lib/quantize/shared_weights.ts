import { subgraphs } from "../onnx/graph.ts";
import type { TensorProto } from "../onnx/onnx_pb.ts";
import { type Decision, laysOut, leave } from "./decision.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { storableWeights } from "./weight_only.ts";

/**
 * Leaves static and dynamic nodes float32 whose weights are handed to a Loop or Scan, or given by the
 * network: there they stay float32, and int8 would be a second copy in the file.
 */
export function keepHandedWeights(all: readonly Decision[]): void {
  const handed = new Map<TensorProto, string>();
  const hand = (facts: GraphFacts, name: string, reader: string) => {
    const tensor = name ? facts.constant(facts.storedAs(name)) : undefined;
    if (tensor) handed.set(tensor, reader);
  };
  for (const { node, identity, facts } of all) {
    if (subgraphs(node).length === 0) continue;
    for (const name of node.input) hand(facts, name, identity.name);
  }
  for (const facts of new Set(all.map(({ facts }) => facts))) {
    for (const { name } of facts.graph.output) hand(facts, name, name);
  }
  if (handed.size === 0) return;
  for (const decision of all) {
    const { node, facts, applied } = decision;
    if (applied.kind !== "static" && applied.kind !== "dynamic") continue;
    const reader = storableWeights(node, facts)
      .map((input) => handed.get(facts.constant(facts.storedAs(node.input[input]!))!))
      .find((found) => found !== undefined);
    if (reader === undefined) continue;
    leave(
      decision,
      `its weights stay float32 for "${reader}": int8 would be a second copy of them`,
    );
  }
}

/**
 * Puts `weightOnly` nodes back to float32 that share weights with one that reads them in float32: it
 * would read what quantizing left of them.
 */
export function keepSharedWeights(all: readonly Decision[]): void {
  const readers = new Map<TensorProto, Decision[]>();
  for (const decision of all) {
    if (laysOut(decision)) continue; // its readers count instead
    const { node, facts } = decision;
    for (const name of node.input) {
      const tensor = name ? facts.constant(facts.storedAs(name)) : undefined;
      if (!tensor) continue;
      const others = readers.get(tensor);
      if (others) others.push(decision);
      else readers.set(tensor, [decision]);
    }
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const decision of all) {
      const { node, facts, applied } = decision;
      if (applied.kind !== "weightOnly") continue;
      const exact = storableWeights(node, facts)
        .flatMap((input) => readers.get(facts.constant(facts.storedAs(node.input[input]!))!) ?? [])
        .find(({ applied }) => applied.kind === "float32");
      if (!exact) continue;
      leave(decision, `it shares weights with "${exact.identity.name}", which stays float32`);
      changed = true;
    }
  }
}
