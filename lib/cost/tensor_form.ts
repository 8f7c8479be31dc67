/**
 * How a tensor lies in memory between two nodes: float32 or uint8, and in the order that ONNX writes
 * or with its channels last, as the int8 Conv kernels and matrix products want it.
 */
export type TensorForm = "float" | "floatLast" | "int8" | "int8Last";

/** What brings a tensor from one form nearer to another. */
export type Conversion = "quantize" | "dequantize" | "transposeFloat" | "transposeInt8";

const TRAITS: Readonly<Record<TensorForm, { readonly int8: boolean; readonly last: boolean }>> = {
  float: { int8: false, last: false },
  floatLast: { int8: false, last: true },
  int8: { int8: true, last: false },
  int8Last: { int8: true, last: true },
};

/** All forms. */
export const TENSOR_FORMS = Object.keys(TRAITS) as readonly TensorForm[];

/** Whether a tensor of this form is uint8. */
export function isInt8(form: TensorForm): boolean {
  return TRAITS[form].int8;
}

/** Whether a tensor of this form has its channels last. */
export function isChannelsLast(form: TensorForm): boolean {
  return TRAITS[form].last;
}

/** The form of that precision and order. */
export function tensorForm({ int8, last }: { int8: boolean; last: boolean }): TensorForm {
  return int8 ? (last ? "int8Last" : "int8") : last ? "floatLast" : "float";
}

/**
 * What it takes to have a tensor in another form. It is transposed while it is uint8 where there is a
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
  const [before, after] = [TRAITS[from], TRAITS[to]];
  const transpose: Conversion = before.int8 || after.int8 ? "transposeInt8" : "transposeFloat";
  return [
    ...(!before.int8 && after.int8 ? ["quantize" as const] : []),
    ...(before.last !== after.last ? [transpose] : []),
    ...(before.int8 && !after.int8 ? ["dequantize" as const] : []),
  ];
}

/** The form after a conversion. */
export function afterConversion(form: TensorForm, conversion: Conversion): TensorForm {
  const { int8, last } = TRAITS[form];
  switch (conversion) {
    case "quantize":
      return tensorForm({ int8: true, last });
    case "dequantize":
      return tensorForm({ int8: false, last });
    default:
      return tensorForm({ int8, last: !last });
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
