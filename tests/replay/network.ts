import { onlyMapping } from "../../lib/quantize/only_mapping.ts";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import type { Calibration } from "../../lib/calibrate/calibration.ts";
import { arrays } from "../../lib/data/arrays.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { elementCount, float32 } from "../../lib/tensor/tensor.ts";
import { modelOf } from "../quantize/fixture.ts";
import { normal } from "../random.ts";

/** Nodes of {@linkcode branchedModel} that compute, each with its Relu. */
export const LAYERS = [["conv1", "relu1"], ["conv2"], ["side"], ["head"]];

/** Three Conv, two of them side by side, and a Linear layer. */
export function branchedModel(): Model {
  return modelOf(
    `graph branched
    input x float32[N, 3, 8, 8]
    output logits float32[N, 4]
    c1 = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ conv1
    r1 = Relu(c1) @ relu1
    c2 = Conv(r1, w2, b2) {pads=[1, 1, 1, 1]} @ conv2
    c3 = Conv(r1, w3, b3) @ side
    s = Add(c2, c3) @ add
    r2 = Relu(s) @ relu2
    g = GlobalAveragePool(r2) @ pool
    f = Flatten(g) @ flat
    logits = Gemm(f, w4, b4) {transB=1} @ head`,
    {
      ...{ w1: [8, 3, 3, 3], b1: [8], w2: [8, 8, 3, 3], b2: [8] },
      ...{ w3: [8, 8, 1, 1], b3: [8], w4: [4, 8], b4: [4] },
    },
  );
}

/** Pictures for it. */
export function pictures(count: number, seed = 1): Dataset {
  const dims = [count, 3, 8, 8];
  return arrays({ x: float32(dims, normal(elementCount(dims), seed)) }, { name: "pictures" });
}

/** Ranges of all tensors that are quantized if all layers are int8, or one. */
export async function rangesOf(model: Model, data: Dataset): Promise<Calibration> {
  const all = qconfigMapping({ default: staticInt8() });
  const one = LAYERS.map((nodes) => onlyMapping(nodes, () => staticInt8()));
  return await calibrate(prepare(model, all, ...one), data);
}
