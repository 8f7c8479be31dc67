import type { Model } from "../../lib/onnx/model.ts";
import { NetWriter } from "./net_writer.ts";
import { residualTrunk } from "./residual_trunk.ts";

/** Size of a network that is built in code. */
export interface NetSize {
  /** Height and width of its pictures or maps. */
  side?: number;
  /** Channels of its first layer. */
  width?: number;
}

/**
 * A ResNet-18 with random weights, as PyTorch exports it (He et al. 2016, arXiv:1512.03385): pictures
 * [1, 3, side, side], 224 unless told otherwise, to logits [1, 1000].
 */
export function resnet18({ side = 224, width = 64 }: NetSize = {}): Model {
  const net = new NetWriter(1);
  let x = net.conv("/conv1", "conv1", "pictures", {
    ...{ inputs: 3, outputs: width, kernel: [7, 7], stride: 2 },
  });
  x = net.node("Relu", "/relu/Relu", [x]);
  x = net.node("MaxPool", "/maxpool/MaxPool", [x], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  });
  x = residualTrunk(net, "", x, { width, norm: false });
  net.linear("/fc", "fc", x, [8 * width, 1000], "logits");
  return net.model("resnet18", { pictures: [1, 3, side, side] }, { logits: [1, 1000] });
}
