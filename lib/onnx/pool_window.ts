import { intAttribute, intsAttribute, stringAttribute } from "./node.ts";
import type { NodeProto } from "./onnx_pb.ts";

/**
 * How a Conv or pool slides over its spatial axes; one number for each.
 * @category Passes (advanced)
 */
export interface Window {
  /** Length of the kernel. */
  readonly kernel: readonly number[];
  /** Steps from one place of the kernel to the next. */
  readonly strides: readonly number[];
  /** Steps between taps of the kernel. */
  readonly dilations: readonly number[];
  /** Zeros before; never negative. */
  readonly begins: readonly number[];
  /** Zeros after; never negative. */
  readonly ends: readonly number[];
  /** Length of the input. */
  readonly input: readonly number[];
  /** Length of the output. */
  readonly output: readonly number[];
}

/**
 * Reads the window of a Conv, MaxPool or AveragePool, its `auto_pad` resolved.
 *
 * @param input Lengths of the spatial axes of what it reads.
 * @param kernel Lengths of the kernel, where the node need not say them. @default {`kernel_shape`}
 * @returns Undefined for what is not as the standard says.
 * @see {@link https://onnx.ai/onnx/operators/onnx__Conv.html}
 */
export function windowOf(
  node: NodeProto,
  input: readonly number[],
  kernel: readonly number[] | undefined = intsAttribute(node, "kernel_shape"),
): Window | undefined {
  const rank = input.length;
  const ones = input.map(() => 1);
  const strides = intsAttribute(node, "strides", ones);
  const dilations = intsAttribute(node, "dilations", ones);
  if (!kernel || ![kernel, strides, dilations].every(({ length }) => length === rank)) {
    return undefined;
  }
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const pads = [...intsAttribute(node, "pads", [...ones, ...ones].fill(0))];
  if (pads.length !== 2 * rank || pads.some((pad) => pad < 0)) return undefined;
  const autoPad = stringAttribute(node, "auto_pad", "NOTSET");
  if (autoPad === "VALID") pads.fill(0);
  if (autoPad === "SAME_UPPER" || autoPad === "SAME_LOWER") {
    input.forEach((length, i) => {
      const steps = Math.ceil(length / strides[i]!);
      const total = Math.max(0, (steps - 1) * strides[i]! + reach[i]! - length);
      const small = Math.floor(total / 2);
      pads[i] = autoPad === "SAME_UPPER" ? small : total - small;
      pads[rank + i] = total - pads[i]!;
    });
  }
  const begins = pads.slice(0, rank);
  const ends = pads.slice(rank);
  const round = intAttribute(node, "ceil_mode", 0) === 1 ? Math.ceil : Math.floor;
  const output = input.map((length, i) => {
    const room = length + begins[i]! + ends[i]! - reach[i]!;
    const steps = round(room / strides[i]!) + 1;
    // A window that would begin in the padding at the end is left out.
    const beyond = round === Math.ceil && (steps - 1) * strides[i]! >= length + begins[i]!;
    return beyond ? steps - 1 : steps;
  });
  if (output.some((length) => !(length > 0))) return undefined;
  return { kernel, strides, dilations, begins, ends, input, output };
}

/** The part of a window that lies along some of its axes. */
export function alongAxes(window: Window, from: number, to?: number): Window {
  const entries = Object.entries(window).map(([name, lengths]) => [name, lengths.slice(from, to)]);
  return Object.fromEntries(entries) as Window;
}

/** Whether a window leaves an axis as it is: one tap, no stride, no padding. */
export function isIdle(window: Window, axis: number): boolean {
  return window.kernel[axis] === 1 && window.strides[axis] === 1 &&
    window.begins[axis] === 0 && window.ends[axis] === 0;
}
