import { intAttribute } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import { nearestStepFloat32 } from "../../tensor/round.ts";
import { elementCount, type Tensor } from "../../tensor/tensor.ts";
import { CannotEvaluate, normalizeAxis, required, type Workspace } from "./workspace.ts";

/**
 * QuantizeLinear of a float32 constant to 8 bits, with one scale or one for each index along `axis`: what
 * training with fake quantization leaves before its weights. As the kernel computes it, to the bit.
 */
export function quantizeLinear(
  node: NodeProto,
  inputs: readonly (Tensor | undefined)[],
  workspace: Workspace,
): Tensor {
  const [x, scale] = [required(inputs, 0), required(inputs, 1)];
  const zero = inputs[2] && required(inputs, 2);
  const type = zero?.type ?? "uint8";
  const known = type === "int8" || type === "uint8";
  const stated = intAttribute(node, "output_dtype", 0) !== 0 && !zero;
  if (!known || stated || x.type !== "float32" || scale.type !== "float32") {
    throw new CannotEvaluate(`QuantizeLinear of ${x.type} to ${type}`);
  }
  const count = scale.data.length;
  const axis = count === 1 ? 0 : normalizeAxis(intAttribute(node, "axis", 1), x.dims.length);
  const fits = count === 1 || (scale.dims.length === 1 && x.dims[axis] === count);
  if (!fits || (zero && zero.data.length !== count)) {
    throw new CannotEvaluate("QuantizeLinear by blocks");
  }
  const run = count === 1 ? x.data.length : elementCount(x.dims.slice(axis + 1));
  const [qmin, qmax] = type === "int8" ? [-128, 127] : [0, 255];
  const y = workspace.allocate(type, x.dims);
  const values = x.data as Float32Array;
  for (let i = 0; i < values.length; i++) {
    const c = Math.floor(i / run) % count;
    const q = nearestStepFloat32(values[i]!, Number(scale.data[c])) + Number(zero?.data[c] ?? 0);
    if (Number.isNaN(q)) throw new CannotEvaluate("QuantizeLinear of NaN");
    y.data[i] = q < qmin ? qmin : q > qmax ? qmax : q;
  }
  return y;
}
