import type { TensorProto } from "../onnx/onnx_pb.ts";
import { type Decision, laysOut, leave } from "./decision.ts";
import { storableWeights } from "./weight_only.ts";

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
