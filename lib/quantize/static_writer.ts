import type { Range } from "../calibrate/range.ts";
import { activationParams } from "./activation_params.ts";
import type { Builder } from "./builder.ts";
import type { Decisions } from "./decide.ts";
import type { StaticUnit } from "./static_units.ts";
import { type ActivationParams, addActivationParams } from "./integer_constants.ts";
import { ceiling } from "./tails.ts";

/** What the writers of static units share. */
export interface StaticContext {
  readonly builder: Builder;
  readonly decisions: Decisions;
  /** What leaves units as integers. */
  readonly results: ReadonlyMap<string, StaticUnit>;
  /** Range of a tensor, as its observer chose it. */
  readonly rangeOf: (name: string) => Range;
}

/** Writes static units in one of the two forms that ONNX has for them. */
export interface StaticWriter {
  write(unit: StaticUnit): void;
}

/** Scale and zero point of a tensor, in the scheme of the unit that asks for it. */
export function parametersOf(
  name: string,
  unit: StaticUnit,
  { builder, decisions, rangeOf, results }: StaticContext,
): ActivationParams {
  const makes = results.get(name) === unit;
  const limit = makes ? ceiling(unit.nodes, decisions.facts) : Infinity;
  const params = activationParams(rangeOf(name), unit.qconfig, limit);
  return addActivationParams(name, params, unit.qconfig, builder);
}
