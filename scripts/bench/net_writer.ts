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

/** A name to its dimensions; one that is a name is left open. */
type Shapes = Readonly<Record<string, readonly (number | string)[]>>;

/** Options for {@linkcode NetWriter.conv}. */
export interface ConvOptions {
  inputs: number;
  outputs: number;
  /** Height and width, both odd. */
  kernel: readonly [number, number];
  /** @default {1} */
  stride?: number;
  /** @default {1} */
  group?: number;
  /** @default {true} */
  bias?: boolean;
  /** Of the weights, see `weights()`. @default {2} */
  gain?: number;
}

/** Collects the nodes and weights of a network with random weights, named as PyTorch would export them. */
export class NetWriter {
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
    const filled = (name: string, value: number) => this.filled(`${path}.${name}`, channels, value);
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

  /** A Conv that keeps the size of its map at stride 1. Without a bias where a batch norm follows. */
  conv(scope: string, path: string, x: string, options: ConvOptions): string {
    const { inputs, outputs, kernel, stride = 1, group = 1, bias = true, gain } = options;
    const [channels, [height, width]] = [inputs / group, kernel];
    const fanIn = channels * height * width;
    const weights = this.weights(
      `${path}.weight`,
      [outputs, channels, height, width],
      fanIn,
      gain,
    );
    // A fan of 600 gives it values within 0.1.
    const parameters = bias ? [weights, this.weights(`${path}.bias`, [outputs], 600)] : [weights];
    return this.node("Conv", `${scope}/Conv`, [x, ...parameters], {
      kernel_shape: [height, width],
      strides: [stride, stride],
      pads: [0, 1].flatMap(() => [(height - 1) / 2, (width - 1) / 2]),
      ...(group > 1 && { group }),
    });
  }

  /** Gemm, as PyTorch's Linear is exported. */
  linear(
    scope: string,
    path: string,
    x: string,
    [inputs, outputs]: readonly [number, number],
    output?: string,
  ): string {
    const weights = this.weights(`${path}.weight`, [outputs, inputs], inputs);
    const bias = this.filled(`${path}.bias`, outputs, 0);
    return this.node("Gemm", `${scope}/Gemm`, [x, weights, bias], { transB: 1 }, output);
  }

  /**
   * Uniform weights that keep the variance through a ReLU (He et al. 2015, arXiv:1502.01852).
   *
   * @param gain Variance behind the layer, in units of its input's mean square.
   */
  weights(name: string, dims: readonly number[], fanIn: number, gain = 2): string {
    const stream = random(this.#seed + this.initializers.length);
    const bound = Math.sqrt(3 * gain / fanIn);
    const data = new Float32Array(elementCount(dims));
    for (let i = 0; i < data.length; i++) data[i] = stream.between(-bound, bound);
    return this.constant(name, float32(dims, data));
  }

  filled(name: string, length: number, value: number): string {
    return this.constant(name, float32([length], new Float32Array(length).fill(value)));
  }

  constant(name: string, tensor: Tensor): string {
    this.initializers.push(makeTensorProto(name, tensor));
    return name;
  }

  /** What was collected, as a model of this operator set. */
  model(name: string, inputs: Shapes, outputs: Shapes, opset = 17): Model {
    const values = (shapes: Shapes) =>
      Object.entries(shapes).map(([name, dims]) => ({
        name,
        type: {
          value: {
            case: "tensorType" as const,
            value: { elemType: DataType.FLOAT, shape: { dim: dims.map(dimension) } },
          },
        },
      }));
    const graph = create(GraphProtoSchema, {
      name,
      node: this.nodes,
      initializer: this.initializers,
      input: values(inputs),
      output: values(outputs),
    });
    const opsetImport = [{ domain: "", version: BigInt(opset) }];
    const proto = create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph });
    return new Model(proto, { name });
  }
}

function dimension(length: number | string) {
  return typeof length === "number"
    ? { value: { case: "dimValue" as const, value: BigInt(length) } }
    : { value: { case: "dimParam" as const, value: length } };
}
