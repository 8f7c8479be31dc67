import { create } from "@bufbuild/protobuf";
import { random } from "../../lib/random.ts";
import { Model } from "../../lib/onnx/model.ts";
import { type AttributeValue, makeNode } from "../../lib/onnx/node.ts";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { elementCount, float32, type Tensor } from "../../lib/tensor/tensor.ts";

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
  const net = new Writer(seed);
  let x = front(net, "clips", width);
  x = trunk(net, x, width);
  x = recurrent(net, x, 8 * width, hidden);
  net.node(
    "Gemm",
    "/classifier/Gemm",
    [
      x,
      net.weights("classifier.weight", [words, 2 * hidden], 2 * hidden),
      net.constant("classifier.bias", float32([words], new Float32Array(words))),
    ],
    { transB: 1 },
    "logits",
  );

  const value = (name: string, dims: readonly (number | string)[]) => ({
    name,
    type: {
      value: {
        case: "tensorType" as const,
        value: { elemType: DataType.FLOAT, shape: { dim: dims.map(dimension) } },
      },
    },
  });
  const graph = create(GraphProtoSchema, {
    name: "lip-net",
    node: net.nodes,
    initializer: net.initializers,
    input: [value("clips", ["N", 1, FRAMES, SIDE, SIDE])],
    output: [value("logits", ["N", words])],
  });
  const opsetImport = [{ domain: "", version: 17n }];
  const proto = create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph });
  return new Model(proto, { name: "lip-net" });
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
function front(net: Writer, clips: string, width: number): string {
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

/** Frames [M, width, 11, 11] to features [M, 8 width]: ResNet18 without its stem. */
function trunk(net: Writer, frames: string, width: number): string {
  let x = frames;
  let channels = width;
  for (const [stage, stride] of [[1, 1], [2, 2], [3, 2], [4, 2]] as const) {
    const wider = width * 2 ** (stage - 1);
    x = basicBlock(net, `layer${stage}.0`, x, channels, wider, stride);
    x = basicBlock(net, `layer${stage}.1`, x, wider, wider, 1);
    channels = wider;
  }
  x = net.node("GlobalAveragePool", "/trunk/avgpool/GlobalAveragePool", [x]);
  return net.node("Flatten", "/trunk/Flatten", [x], { axis: 1 });
}

function basicBlock(
  net: Writer,
  name: string,
  x: string,
  inputs: number,
  outputs: number,
  stride: number,
): string {
  const scope = `/trunk/${name.replace(".", `/${name.split(".")[0]}.`)}`;
  const path = `trunk.${name}`;
  const conv = (layer: string, from: string, channels: number, kernel: number, stride: number) =>
    net.node("Conv", `${scope}/${layer}/Conv`, [
      from,
      net.weights(
        `${path}.${layer}.weight`,
        [outputs, channels, kernel, kernel],
        channels * kernel ** 2,
      ),
    ], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: Array(4).fill((kernel - 1) / 2),
    });
  let y = conv("conv1", x, inputs, 3, stride);
  y = net.batchNorm(`${scope}/bn1`, `${path}.bn1`, y, outputs);
  y = net.node("Relu", `${scope}/relu/Relu`, [y]);
  y = conv("conv2", y, outputs, 3, 1);
  y = net.batchNorm(`${scope}/bn2`, `${path}.bn2`, y, outputs);
  let shortcut = x;
  if (stride !== 1 || inputs !== outputs) {
    shortcut = conv("downsample.0", x, inputs, 1, stride);
    shortcut = net.batchNorm(`${scope}/downsample.1`, `${path}.downsample.1`, shortcut, outputs);
  }
  y = net.node("Add", `${scope}/Add`, [y, shortcut]);
  return net.node("Relu", `${scope}/relu_1/Relu`, [y]);
}

/** Features [16 N, size] to [N, 2 hidden], averaged over the frames. */
function recurrent(net: Writer, features: string, size: number, hidden: number): string {
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

/** Collects nodes and weights. */
class Writer {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Adds a node, named like its module scope, and gives the name of its output. */
  node(
    opType: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = `${name}_output_0`,
  ): string {
    this.nodes.push(makeNode(opType, inputs, [output], attributes, { name }));
    return output;
  }

  batchNorm(scope: string, path: string, x: string, channels: number): string {
    const filled = (name: string, value: number) =>
      this.constant(`${path}.${name}`, float32([channels], new Float32Array(channels).fill(value)));
    return this.node("BatchNormalization", `${scope}/BatchNormalization`, [
      x,
      filled("weight", 1),
      filled("bias", 0),
      filled("running_mean", 0),
      filled("running_var", 1),
    ]);
  }

  reshape(name: string, x: string, shape: readonly number[]): string {
    const data = BigInt64Array.from(shape.map(BigInt));
    const to = this.constant(`${name}_shape`, { type: "int64", dims: [shape.length], data });
    return this.node("Reshape", name, [x, to]);
  }

  /** Uniform weights that keep the variance through a ReLU (He et al. 2015, arXiv:1502.01852). */
  weights(name: string, dims: readonly number[], fanIn: number): string {
    const stream = random(this.#seed + this.initializers.length);
    const bound = Math.sqrt(6 / fanIn);
    const data = new Float32Array(elementCount(dims));
    for (let i = 0; i < data.length; i++) data[i] = stream.between(-bound, bound);
    return this.constant(name, float32(dims, data));
  }

  constant(name: string, tensor: Tensor): string {
    this.initializers.push(makeTensorProto(name, tensor));
    return name;
  }
}

function dimension(length: number | string) {
  return typeof length === "number"
    ? { value: { case: "dimValue" as const, value: BigInt(length) } }
    : { value: { case: "dimParam" as const, value: length } };
}
