import type { Range } from "../calibrate/range.ts";
import { stringAttribute } from "../onnx/node.ts";
import type { AttributeProto, NodeProto } from "../onnx/onnx_pb.ts";
import { activationParams, boundedParams } from "./activation_params.ts";
import type { AffineParams } from "./affine.ts";
import type { Builder } from "./builder.ts";
import type { Decisions } from "./decide.ts";
import type { StaticUnit } from "./static_units.ts";
import type { ActivationParams } from "./activation_params.ts";
import { addActivationParams, type Integers } from "./integer_constants.ts";
import { boundsOf, UNBOUNDED } from "./absorbed_operators.ts";

/** What the writers of static units share. */
export interface StaticContext {
  readonly builder: Builder;
  readonly decisions: Decisions;
  /** What leaves units as integers. */
  readonly results: ReadonlyMap<string, StaticUnit>;
  /** Range of a tensor, as its observer chose it. */
  readonly rangeOf: (name: string) => Range;
  /** Scales and zero points that are given, whatever the range. */
  readonly exact: ReadonlyMap<string, AffineParams>;
}

/** Writes static units in one of the two forms that ONNX has for them. */
export interface StaticWriter {
  write(unit: StaticUnit): void;
}

/**
 * Attributes that an integer operator takes over: not the dilations of an AveragePool, which it does
 * not know, not even if they are 1.
 */
export function keptAttributes({ opType, attribute }: NodeProto): AttributeProto[] {
  return opType === "AveragePool"
    ? attribute.filter(({ name }) => name !== "dilations")
    : attribute;
}

/** What a `carry` operator reads when it moves integers: where it pads, zero is the zero point. */
export function integerInputs(
  anchor: NodeProto,
  { integers, zeroPoint }: Pick<Integers, "integers" | "zeroPoint">,
): string[] {
  const [, ...rest] = anchor.input;
  const padsZeros = anchor.opType === "Pad" &&
    stringAttribute(anchor, "mode", "constant") === "constant";
  if (padsZeros) rest[1] = zeroPoint; // behind the widths, before the axes
  return [integers, ...rest];
}

/** Scale and zero point of a tensor, in the scheme of the unit that asks for it. */
export function parametersOf(
  name: string,
  unit: StaticUnit,
  { builder, decisions, rangeOf, exact, results }: StaticContext,
): ActivationParams {
  const given = exact.get(name);
  if (given) return addActivationParams(name, given, unit.qconfig, builder);
  const range = rangeOf(name);
  const isMade = results.get(name) === unit;
  const bounds = isMade ? boundsOf(unit.nodes, decisions.facts) : UNBOUNDED;
  const params = bounds === UNBOUNDED
    ? activationParams(range, unit.qconfig)
    : boundedParams(range, unit.qconfig, bounds);
  return addActivationParams(name, params, unit.qconfig, builder);
}
