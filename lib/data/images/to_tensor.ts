import { UserError } from "../../errors.ts";
import { float32, type Tensor, type ValueType } from "../../tensor/tensor.ts";
import { sharedArray } from "../shared.ts";
import type { ImagePlan } from "./options.ts";
import type { Picture } from "./picture.ts";

/**
 * The values of a picture as a network takes them, a batch of one.
 *
 * @param file What messages call the picture.
 * @throws {UserError} If the network takes another shape.
 */
export function toTensor(picture: Picture, plan: ImagePlan, file: string): Tensor {
  const { width, height, channels, data } = picture;
  const { order, scale, mean, std, layout, type } = plan;
  const pixels = width * height;
  const planar = layout === "NCHW";
  const dims = planar ? [1, order.length, height, width] : [1, height, width, order.length];
  const values = sharedArray(type, pixels * order.length);
  order.forEach((source, c) => {
    const [step, start] = planar ? [1, c * pixels] : [order.length, c];
    for (let i = 0; i < pixels; i++) {
      values[start + i * step] = (data[i * channels + source]! * scale - mean[c]!) / std[c]!;
    }
  });
  checkShape(dims, plan.expected, file);
  return values instanceof Float32Array
    ? float32(dims, values)
    : { type, dims, data: values } as Tensor;
}

function checkShape(found: readonly number[], expected: ValueType | undefined, file: string): void {
  const dims = expected?.dims;
  if (!expected || !dims) return;
  const fits = dims.length === 4 &&
    dims.every((dim, axis) => typeof dim !== "number" || dim === found[axis]);
  if (fits) return;
  throw new UserError(
    `Cannot use ${file}: it becomes [${found.join(", ")}], but the input "${expected.name}" ` +
      `takes [${dims.map((dim) => dim ?? "?").join(", ")}]; see resize, crop, channels and layout`,
  );
}
