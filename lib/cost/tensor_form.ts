/**
 * How a tensor lies in memory between two nodes: float32 or uint8, and in the order that ONNX writes
 * or with its channels last, as the int8 Conv kernels and matrix products want it.
 */
export type TensorForm = "float" | "floatLast" | "int8" | "int8Last";

/** Steps from one form to another. */
export type Conversion = "quantize" | "dequantize" | "transposeFloat" | "transposeInt8";

/** All forms. */
export const TENSOR_FORMS: readonly TensorForm[] = ["float", "floatLast", "int8", "int8Last"];

export function isInt8(form: TensorForm): boolean {
  return form.startsWith("int8");
}

function isLast(form: TensorForm): boolean {
  return form.endsWith("Last");
}

/**
 * What it takes to have a tensor in another form. It is turned while it is uint8 where there is a
 * choice: that moves a quarter of the bytes.
 *
 * @example
 * ```ts
 * import { conversionsBetween } from "./tensor_form.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(conversionsBetween("float", "int8Last"), ["quantize", "transposeInt8"]);
 * assert.deepEqual(conversionsBetween("int8Last", "float"), ["transposeInt8", "dequantize"]);
 * ```
 */
export function conversionsBetween(from: TensorForm, to: TensorForm): Conversion[] {
  const turn: Conversion = isInt8(from) || isInt8(to) ? "transposeInt8" : "transposeFloat";
  return [
    ...(!isInt8(from) && isInt8(to) ? ["quantize" as const] : []),
    ...(isLast(from) !== isLast(to) ? [turn] : []),
    ...(isInt8(from) && !isInt8(to) ? ["dequantize" as const] : []),
  ];
}

/** The form after a step. */
export function afterConversion(form: TensorForm, step: Conversion): TensorForm {
  switch (step) {
    case "quantize":
      return isLast(form) ? "int8Last" : "int8";
    case "dequantize":
      return isLast(form) ? "floatLast" : "float";
    default:
      return (isInt8(form)
        ? (isLast(form) ? "int8" : "int8Last")
        : isLast(form)
        ? "float"
        : "floatLast");
  }
}

/** Whether a permutation brings the channels of a map from behind the batch to the end. */
export function bringsChannelsLast(perm: readonly number[]): boolean {
  return perm.length > 2 && String(perm) === String(channelsLast(perm.length));
}

/** Whether a permutation brings the channels of a map from the end to behind the batch. */
export function bringsChannelsFirst(perm: readonly number[]): boolean {
  const axes = perm.map((_, axis) => axis);
  return perm.length > 2 && String(perm) === String([0, axes.at(-1), ...axes.slice(1, -1)]);
}

function channelsLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];
}
