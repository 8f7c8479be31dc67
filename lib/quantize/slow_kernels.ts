/**
 * What is known of int8 kernels that take longer than float32's: how many times as long, the least and the
 * most that was seen over several shapes, onnxruntime-web 1.30 with one thread. `deno task bench facts`
 * measures each by a small model, under the name it has here.
 */
export const SLOW_KERNELS = {
  "int8-average-pool": { what: "AveragePool", times: [3.8, 6.9] },
  "int8-depthwise-conv": { what: "depthwise Conv", times: [2.6, 4] },
  "int8-max-pool3d": { what: "MaxPool3d", times: [2.8, 6.6] },
  "int8-resize": { what: "Resize", times: [1.25, 1.7] },
  "int8-softmax": { what: "Softmax", times: [1.2, 1.7] },
  "int8-thin-conv3d": { what: "Conv3d over few channels", times: [3, 5] },
} as const;

/** Why an operator with one of these kernels is left in float32, for the plan. */
export function slowBecause(
  kernel: keyof typeof SLOW_KERNELS,
  what: string = SLOW_KERNELS[kernel].what,
): string {
  return `int8 ${what} takes ${SLOW_KERNELS[kernel].times.join("-")}x the time`;
}
