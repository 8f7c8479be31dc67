import type { Observer } from "../calibrate/observers.ts";
import type { Decisions } from "./decide.ts";
import { existingForm } from "./existing_int8.ts";
import { activationInputs, type StaticUnit } from "./static_units.ts";

/**
 * Whether the result of a unit becomes uint8. A Conv kernel gives nothing else; a Gemm or MatMul can
 * give float32 at no cost (kernel fact int8-gemm-gives-float32), and does where nobody reads the result as int8. Not a Gemm with its Relu:
 * before int8 is looked for, the runtime makes one float32 operator of the two.
 */
function quantizesResult(unit: StaticUnit, decisions: Decisions): boolean {
  const { anchor: { opType }, operator, nodes } = unit;
  if (opType === "Conv" || operator.role !== "compute") return true;
  return nodes.some(({ opType }) => opType === "Relu" || opType === "Clip") ||
    unit.results.some((name) => readsAsInt8(name, decisions));
}

/** Whether some reader of a tensor reads it as uint8. */
export function readsAsInt8(name: string, decisions: Decisions): boolean {
  return decisions.facts.consumers(name).some((reader) => {
    const unit = decisions.units.get(decisions.of.get(reader)?.anchor ?? reader);
    return unit !== undefined && unit.nodes.includes(reader) &&
      activationInputs(reader, unit.operator, decisions.facts).includes(name);
  });
}

/** Tensors that come out of a unit as uint8, with that unit. */
export function quantizedResults(decisions: Decisions): Map<string, StaticUnit> {
  const units = [...decisions.units.values()].filter((unit) => quantizesResult(unit, decisions));
  return new Map(units.flatMap((unit) => unit.results.map((name) => [name, unit])));
}

/**
 * The tensors whose range calibration has to find, each with the observer that is to choose it: what
 * enters a unit in float32, and what leaves one, but not what has a scale already.
 */
export function rangedTensors(decisions: Decisions): Map<string, Observer> {
  const results = quantizedResults(decisions);
  const ranged = new Map<string, Observer>();
  const { facts } = decisions;
  for (const unit of decisions.units.values()) {
    const { dtype, activation } = unit.qconfig;
    for (const name of activationInputs(unit.anchor, unit.operator, facts)) {
      const known = results.has(name) || ranged.has(name) || existingForm(name, dtype, facts);
      if (!known) ranged.set(name, activation);
    }
    if (unit.operator.role === "carry") continue;
    for (const name of unit.results) {
      if (results.has(name)) ranged.set(name, activation);
    }
  }
  return ranged;
}
