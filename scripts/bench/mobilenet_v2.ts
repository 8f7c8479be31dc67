import type { Model } from "../../lib/onnx/model.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { type ConvOptions, NetWriter } from "./net_writer.ts";
import type { NetSize } from "./resnet18.ts";

/** Expansion, channels at a width of 32, blocks, stride of the first of them. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** A branch that is added to what it came from adds this share of variance, or ten of them overflow. */
const BRANCH = 0.25;

/**
 * A MobileNetV2 with random weights, as torchvision's is exported (Sandler et al. 2018,
 * arXiv:1801.04381): pictures [1, 3, side, side], 224 unless told otherwise, to logits [1, 1000].
 */
export function mobilenetV2({ side = 224, width = 32 }: NetSize = {}): Model {
  const net = new NetWriter(1);
  net.constant("zero", float32([], new Float32Array([0])));
  net.constant("six", float32([], new Float32Array([6])));
  const scaled = (channels: number) => Math.ceil(channels * width / 32);
  const layer = (name: string, x: string, options: ConvOptions) => {
    const y = net.conv(`/${name}.0`, `${name}.0`, x, options);
    return net.node("Clip", `/${name}.2/Clip`, [y, "zero", "six"]);
  };
  let x = layer("features.0", "pictures", {
    ...{ inputs: 3, outputs: width, kernel: [3, 3], stride: 2 },
  });
  let [inputs, index] = [width, 1];
  for (const [expansion, channels, blocks, first] of STAGES) {
    const outputs = scaled(channels);
    for (let block = 0; block < blocks; block++, index++) {
      const [name, inner] = [`features.${index}`, inputs * expansion];
      const stride = block === 0 ? first : 1;
      const isAdded = stride === 1 && inputs === outputs;
      let y = x;
      if (expansion > 1) {
        // What comes in is of both signs.
        y = layer(`${name}.conv.0`, y, { inputs, outputs: inner, kernel: [1, 1], gain: 1 });
      }
      y = layer(`${name}.conv.1`, y, {
        ...{ inputs: inner, outputs: inner, kernel: [3, 3], stride, group: inner },
      });
      const project = `${name}.conv.2`;
      y = net.conv(`/${project}`, project, y, {
        ...{ inputs: inner, outputs, kernel: [1, 1], gain: isAdded ? 2 * BRANCH : 2 },
      });
      x = isAdded ? net.node("Add", `/${name}/Add`, [x, y]) : y;
      inputs = outputs;
    }
  }
  const last = 40 * width;
  x = layer("features.18", x, { inputs, outputs: last, kernel: [1, 1] });
  x = net.node("GlobalAveragePool", "/GlobalAveragePool", [x]);
  x = net.node("Flatten", "/Flatten", [x], { axis: 1 });
  net.linear("/classifier.1", "classifier.1", x, [last, 1000], "logits");
  return net.model("mobilenet-v2", { pictures: [1, 3, side, side] }, { logits: [1, 1000] });
}
