import type { Range } from "../calibrate/range.ts";
import type { FileRange } from "../passes/undo/undo_log.ts";
import { boundsOf } from "./absorbed_operators.ts";
import { typeGrid } from "./activation_params.ts";
import type { AffineParams } from "./affine.ts";
import type { Decisions } from "./decide.ts";
import type { ActivationType } from "./qconfig.ts";
import { quantizedResults, rangedTensors } from "./static_results.ts";

/** Between an int8 and the uint8 that stands for the same with a zero point as much higher. */
const MIDDLE = 128;

/** Scales and zero points that a file has for the tensors of static layers. */
export interface FileParams {
  /** Those that are taken as they are, by tensor. */
  readonly exact: ReadonlyMap<string, AffineParams>;
  /** Why others are not, each as what follows the name of the tensor. */
  readonly unusable: ReadonlyMap<string, string>;
}

/**
 * The scale and the zero point that a file has for each tensor that needs one: as they are, or with 128 added
 * to an int8 or taken off a uint8, which stands for the same values.
 */
export function fileParams(
  decisions: Decisions,
  fileRanges: ReadonlyMap<string, FileRange>,
): FileParams {
  const results = quantizedResults(decisions);
  const exact = new Map<string, AffineParams>();
  const unusable = new Map<string, string>();
  for (const name of rangedTensors(decisions).keys()) {
    const range = fileRanges.get(name);
    if (!range) continue;
    if (range.type === "uint16" || range.type === "int16") {
      unusable.set(name, `is ${range.type} in the file, for which there are no int8 kernels`);
      continue;
    }
    const maker = results.get(name);
    const [{ qconfig: { dtype } }] = [maker ?? [...decisions.units.values()][0]!];
    const params = inType(range, dtype);
    const bounds = maker && boundsOf(maker.nodes, decisions.facts);
    if (bounds && !liesWithin(params, dtype, bounds)) unusable.set(name, beyond(range, bounds));
    else exact.set(name, params);
  }
  return { exact, unusable };
}

/**
 * Scale and zero point of the same values in another type of 8 bits.
 *
 * @example
 * ```ts
 * import { inType } from "./file_ranges.ts";
 * import assert from "node:assert/strict";
 * const range = { type: "int8", scale: 0.5, zeroPoint: -128 } as const;
 * assert.deepEqual(inType(range, "uint8"), { scale: 0.5, zeroPoint: 0 });
 * ```
 */
export function inType({ type, scale, zeroPoint }: FileRange, dtype: ActivationType): AffineParams {
  const step = type === dtype ? 0 : dtype === "uint8" ? MIDDLE : -MIDDLE;
  return { scale, zeroPoint: zeroPoint + step };
}

/** Whether no integer stands for more than a Relu or Clip lets through: only then does the runtime drop it. */
function liesWithin({ scale, zeroPoint }: AffineParams, dtype: ActivationType, bounds: Range) {
  const { qmin, qmax } = typeGrid(dtype);
  const value = (integer: number) => Math.fround((integer - zeroPoint) * scale);
  return value(qmin) >= bounds.min && value(qmax) <= bounds.max;
}

function beyond({ zeroPoint }: FileRange, { min, max }: Range): string {
  const clip = min === 0 && max === Infinity ? "Relu" : "Clip";
  return `has zero point ${zeroPoint} in the file, with which it reaches beyond its ${clip}: ` +
    `the runtime would compute in float32`;
}
