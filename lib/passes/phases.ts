import type { SpreadAxis } from "./read_conv_transpose.ts";

/**
 * The outputs along an axis whose place leaves one remainder when divided by the stride: a convolution of
 * stride 1 over the input.
 */
export interface Phase {
  /** Tap of the transposed kernel at each place of the phase's own kernel; undefined where that has zeros. */
  readonly taps: readonly (number | undefined)[];
  /** Zeros before and after the input. */
  readonly begin: number;
  readonly end: number;
}

/** All phases along an axis. */
export interface Phases {
  /** One for each remainder, from 0. */
  readonly phases: readonly Phase[];
  /** Outputs of each phase. */
  readonly outputs: number;
  /** Outputs of all phases together that lie beyond the end. */
  readonly surplus: number;
}

/**
 * Divides a transposed convolution along an axis into its phases. With stride s, output `s q + r` reads by
 * tap t the input `q + (r + begin - t dilation) / s`, if that is whole.
 *
 * @returns Undefined where some phase has no tap.
 * @example A kernel of 4 with stride 2, one output cut off at each end
 * ```ts
 * import { phasesAlong } from "./phases.ts";
 * import assert from "node:assert/strict";
 * const axis = { kernel: 4, stride: 2, dilation: 1, begin: 1, input: 8, output: 16 };
 * assert.deepEqual(phasesAlong(axis), {
 *   phases: [{ taps: [3, 1], begin: 1, end: 0 }, { taps: [2, 0], begin: 0, end: 1 }],
 *   outputs: 8,
 *   surplus: 0,
 * });
 * ```
 */
export function phasesAlong(axis: SpreadAxis): Phases | undefined {
  const { kernel, stride, dilation, begin, input, output } = axis;
  const outputs = Math.ceil(output / stride);
  const phases = Array.from({ length: stride }, (_, remainder): Phase => {
    const offsets = new Map<number, number>();
    for (let tap = 0; tap < kernel; tap++) {
      const steps = remainder + begin - tap * dilation;
      if (steps % stride === 0) offsets.set(steps / stride, tap);
    }
    // A Conv cannot begin or end within the input: its kernel reaches as far, with zeros.
    const first = Math.min(0, ...offsets.keys());
    const last = Math.max(input - outputs, ...offsets.keys());
    return {
      taps: Array.from({ length: last - first + 1 }, (_, i) => offsets.get(first + i)),
      begin: 0 - first, // not -0
      end: outputs + last - input,
    };
  });
  if (phases.some(({ taps }) => taps.every((tap) => tap === undefined))) return undefined;
  return { phases, outputs, surplus: stride * outputs - output };
}
