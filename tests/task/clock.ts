import type { KernelTimer } from "../../lib/cost/kernel_times.ts";
import type { KernelTime } from "../../lib/cost/time_kernels.ts";
import type { TensorForm } from "../../lib/cost/tensor_form.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { pacedRuntime } from "./tiny.ts";

/** Operators that take time in the made-up clock. */
const WORK = /^(Conv|Gemm|MatMul|ConvInteger|MatMulInteger)$/;

/**
 * A clock in which static kernels take a third of float32's time, dynamic ones nine tenths, and what is
 * no product a hundredth.
 */
export const clock: KernelTimer = (timed) =>
  Promise.resolve(timed.map(({ subgraph: { model } }): KernelTime => {
    const ops = model.graph.node.map(({ opType }) => opType);
    const products = ops.filter((op) => WORK.test(op)).length;
    const isStatic = ops.includes("QuantizeLinear");
    const isDynamic = ops.includes("DynamicQuantizeLinear") ||
      ops.some((op) => /Integer$/.test(op));
    const ms = Math.max(0.01, products * (isStatic ? 1 / 3 : isDynamic ? 0.9 : 1));
    const form: TensorForm = isStatic ? "int8" : "float";
    return {
      ...{ ms, input: form, output: form, runs: ops },
      conversions: isStatic
        ? [
          { conversion: "quantize", elements: 1000, ms: 0.002 },
          { conversion: "dequantize", elements: 1000, ms: 0.001 },
        ]
        : [],
    };
  }));

/** What a whole model takes in that clock: less, the more of it is static. */
export function wholeMs({ graph }: Model): number {
  const ops = graph.node.map(({ opType }) => opType);
  return 10 / (1 + ops.filter((op) => op === "QuantizeLinear").length);
}

/** Workers of that clock. */
export function clockedRuntime() {
  return pacedRuntime(wholeMs);
}
