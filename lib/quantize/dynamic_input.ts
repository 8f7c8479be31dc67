import { makeNode } from "../onnx/node.ts";
import type { Builder } from "./builder.ts";

/** Names of a tensor that is quantized at run time, with the scale and zero point found there. */
export interface DynamicInput {
  /** uint8. */
  readonly integers: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

/** Writes DynamicQuantizeLinear for a tensor, once however many read it. */
export function quantizeAtRunTime(name: string, builder: Builder): DynamicInput {
  return builder.once(`dynamic ${name}`, () => {
    const form = {
      integers: builder.fresh(`${name}_dynamic`),
      scale: builder.fresh(`${name}_dynamic_scale`),
      zeroPoint: builder.fresh(`${name}_dynamic_zero_point`),
    };
    builder.push(
      makeNode("DynamicQuantizeLinear", [name], [form.integers, form.scale, form.zeroPoint]),
    );
    return form;
  });
}
