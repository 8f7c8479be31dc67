import type { Model } from "../../lib/onnx/model.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";

/**
 * A product of [2, 16] with int8 weights as `quantize_dynamic` writes it.
 *
 * @param end Makes the output `y` of the sums `f` and their scale `t`.
 */
export function dynamicProduct(end: string): Model {
  return modelOf(
    `input x float32[2, 16]
     output y float32[2, 12]
     q, s, z = DynamicQuantizeLinear(x) @ quantize
     i = MatMulInteger(q, w, z, wz) @ product
     f = Cast(i) {to=1} @ cast
     t = Mul(s, ws) @ scales
     ${end}`,
    {
      w: {
        ...{ type: "int8", dims: [16, 12] },
        data: Int8Array.from({ length: 192 }, (_, i) => i * 37 % 255 - 127),
      },
      wz: { type: "int8", dims: [], data: Int8Array.of(0) },
      ws: float32([], [0.01]),
    },
  );
}
