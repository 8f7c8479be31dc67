import { makeNode } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { Builder } from "./builder.ts";
import { quantizeAtRunTime } from "./dynamic_input.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { DynamicInt8 } from "./qconfig.ts";
import { quantizeWeights } from "./weights.ts";

/** Why this Conv cannot be dynamic, if so. */
export function convObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  if (!facts.floatConstant(node.input[1])) return "its weights are not float32 constants";
  return node.input[2] && !facts.floatConstant(node.input[2])
    ? "its bias is not a float32 constant"
    : undefined;
}

/** Zero point of unsigned weights that are symmetric about 0. */
const MIDDLE = 128;

/**
 * Writes a Conv as DynamicQuantizeLinear, ConvInteger and a Mul by both scales. Weights are uint8
 * with 128 for zero: with int8 weights the kernel takes 3.5 to 5 times the time of float32.
 */
export function writeDynamicConv(node: NodeProto, qconfig: DynamicInt8, builder: Builder): void {
  const [x, weightName, biasName] = node.input as [string, string, string?];
  const [y] = node.output as [string];
  const { dims, data } = readTensorProto(builder.facts.floatConstant(weightName)!);
  const perChannel = qconfig.weight.granularity === "channel";
  // Beside [N, C, ...spatial] results, what belongs to channels has 1 for every spatial dimension.
  const beside = (values: Float32Array) => ({
    type: "float32" as const,
    dims: values.length === 1 ? [] : [values.length, ...dims.slice(2).map(() => 1)],
    data: values,
  });
  const home = builder.homeOf(weightName);
  const weights = home.once(`kernel ${weightName} ${qconfig.weight.name}`, () => {
    const { values, scales } = quantizeWeights(data as Float32Array, dims, perChannel ? [0] : [], {
      clip: qconfig.weight.clip,
    });
    return {
      integers: home.constant(`${weightName}_uint8`, {
        type: "uint8",
        dims,
        data: Uint8Array.from(values, (q) => q + MIDDLE),
      }),
      middle: home.constant(`${weightName}_zero_point`, {
        type: "uint8",
        dims: [],
        data: Uint8Array.of(MIDDLE),
      }),
      scale: home.constant(`${weightName}_scale`, beside(scales)),
    };
  });

  const input = quantizeAtRunTime(x, builder);
  const name = (part: string) => builder.fresh(`${y}_${part}`);
  const [sums, wide, scale] = [name("int32"), name("float"), name("scale")];
  const product = biasName ? name("product") : y;
  builder.push(
    {
      ...node,
      opType: "ConvInteger",
      input: [input.integers, weights.integers, input.zeroPoint, weights.middle],
      output: [sums],
    },
    makeNode("Cast", [sums], [wide], { to: TensorProto_DataType.FLOAT }),
    makeNode("Mul", [input.scale, weights.scale], [scale]),
    makeNode("Mul", [wide, scale], [product]),
  );
  if (biasName) {
    const bias = readTensorProto(builder.facts.floatConstant(biasName)!).data as Float32Array;
    const channels = builder.constant(`${y}_bias`, {
      ...beside(bias),
      dims: [bias.length, ...dims.slice(2).map(() => 1)],
    });
    builder.push(makeNode("Add", [product, channels], [y]));
  }
}
