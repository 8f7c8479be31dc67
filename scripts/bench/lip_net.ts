import { random } from "../../lib/random.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { NetWriter } from "./net_writer.ts";
import { residualTrunk } from "./residual_trunk.ts";

/** Options for {@linkcode lipNet}. */
export interface LipNetOptions {
  /** Channels of the front and of the trunk's first stage. @default {64} */
  width?: number;
  /** Units of each direction of the GRU. @default {256} */
  hidden?: number;
  /** Words to tell apart. @default {500} */
  words?: number;
  /** Seed of the weights. @default {1} */
  seed?: number;
}

/** Frames of a clip, and its height and width. */
const FRAMES = 16;
const SIDE = 44;

/**
 * A lip-reading network of full size with random weights, as PyTorch would export it: Conv3d,
 * BatchNorm, ReLU and MaxPool, a ResNet18 trunk for each frame, a bidirectional GRU of two layers,
 * Linear. With the defaults it has 54 MB. Clips [N, 1, 16, 44, 44] to logits [N, words].
 */
export function lipNet(options: LipNetOptions = {}): Model {
  const { width = 64, hidden = 256, words = 500, seed = 1 } = options;
  const net = new NetWriter(seed);
  let x = front(net, "clips", width);
  x = residualTrunk(net, "trunk", x, { width, norm: true });
  x = recurrent(net, x, 8 * width, hidden);
  net.linear("/classifier", "classifier", x, [2 * hidden, words], "logits");
  return net.model("lip-net", { clips: ["N", 1, FRAMES, SIDE, SIDE] }, { logits: ["N", words] });
}

/** Clips of noise to feed it with. */
export function lipNetClips(count: number, seed = 2): { clips: Tensor<"float32"> }[] {
  const stream = random(seed);
  const length = FRAMES * SIDE * SIDE;
  return Array.from({ length: count }, () => {
    const data = new Float32Array(new SharedArrayBuffer(4 * length));
    for (let i = 0; i < length; i++) data[i] = stream.between(-1.7, 1.7); // unit variance
    return { clips: float32([1, 1, FRAMES, SIDE, SIDE], data) };
  });
}

/** Clips [N, 1, 16, 44, 44] to frames [16 N, width, 11, 11]. */
function front(net: NetWriter, clips: string, width: number): string {
  const scope = "/front3D/front3D";
  let x = net.node("Conv", `${scope}.0/Conv`, [
    clips,
    net.weights("front3D.0.weight", [width, 1, 5, 7, 7], 5 * 7 * 7),
  ], { kernel_shape: [5, 7, 7], strides: [1, 2, 2], pads: [2, 3, 3, 2, 3, 3] });
  x = net.batchNorm(`${scope}.1`, "front3D.1", x, width);
  x = net.node("Relu", `${scope}.2/Relu`, [x]);
  x = net.node("MaxPool", `${scope}.3/MaxPool`, [x], {
    kernel_shape: [1, 3, 3],
    strides: [1, 2, 2],
    pads: [0, 1, 1, 0, 1, 1],
  });
  x = net.node("Transpose", "/Transpose", [x], { perm: [0, 2, 1, 3, 4] });
  return net.reshape("/Reshape", x, [-1, width, 11, 11]);
}

/** Features [16 N, size] to [N, 2 hidden], averaged over the frames. */
function recurrent(net: NetWriter, features: string, size: number, hidden: number): string {
  let x = net.reshape("/Reshape_1", features, [-1, FRAMES, size]);
  x = net.node("Transpose", "/gru/Transpose", [x], { perm: [1, 0, 2] });
  for (const layer of [0, 1]) {
    const inputs = layer === 0 ? size : 2 * hidden;
    const suffix = layer === 0 ? "" : `_${layer}`;
    x = net.node("GRU", `/gru/GRU${suffix}`, [
      x,
      net.weights(`gru.W${layer}`, [2, 3 * hidden, inputs], inputs),
      net.weights(`gru.R${layer}`, [2, 3 * hidden, hidden], hidden),
      net.constant(`gru.B${layer}`, float32([2, 6 * hidden], new Float32Array(12 * hidden))),
    ], { direction: "bidirectional", hidden_size: hidden, linear_before_reset: 1 });
    x = net.node("Transpose", `/gru/Transpose_${2 * layer + 1}`, [x], { perm: [0, 2, 1, 3] });
    x = net.reshape(`/gru/Reshape${suffix}`, x, [0, 0, -1]);
  }
  return net.node("ReduceMean", "/ReduceMean", [x], { axes: [0], keepdims: 0 });
}
