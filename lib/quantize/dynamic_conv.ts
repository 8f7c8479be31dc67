import { makeNode } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import type { Builder } from "./builder.ts";
import { quantizeAtRunTime } from "./dynamic_input.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { DynamicInt8 } from "./qconfig.ts";
import { isPerChannel, knownObstacle, knownWeights } from "./known_weights.ts";
import { readWeights, weightObstacle } from "./read_weights.ts";
import { quantizeWeights } from "./weights.ts";

/** Why this Conv cannot be dynamic, if so. */
export function convObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const obstacle = weightObstacle(node.input[1], facts) ?? knownObstacle(node, facts);
  if (obstacle) return obstacle;
  return node.input[2] && !facts.floatConstant(node.input[2])
    ? "its bias is not a float32 constant"
    : undefined;
}

/** Zero point of unsigned weights that are symmetric about 0. */
const MIDDLE = 128;

/**
 * Writes a Conv as DynamicQuantizeLinear, ConvInteger and a Mul by both scales. Weights are uint8,
 * symmetric ones with 128 for zero: with int8 weights the kernel takes 3.5 to 5 times the time of float32
 * (kernel fact s8-weights-of-conv-integer).
 */
export function writeDynamicConv(node: NodeProto, qconfig: DynamicInt8, builder: Builder): void {
  const [x, weightName, biasName] = node.input as [string, string, string?];
  const [y] = node.output as [string];
  const { dims, data } = readWeights(weightName, builder.facts);
  const perChannel = isPerChannel(weightName, qconfig.weight, builder.facts);
  // Beside [N, C, ...spatial] results, what belongs to channels has 1 for every spatial dimension.
  const beside = (values: Float32Array) => ({
    type: "float32" as const,
    dims: values.length === 1 ? [] : [values.length, ...dims.slice(2).map(() => 1)],
    data: values,
  });
  const home = builder.homeOf(weightName);
  const weights = home.once(`kernel ${weightName} ${qconfig.weight.name}`, () => {
    const axes = perChannel ? [0] : [];
    const known = knownWeights(weightName, perChannel ? 0 : undefined, builder.facts);
    const { type, values, scales, zeroPoints } = known ??
      quantizeWeights(data, dims, axes, qconfig.weight);
    const unsigned = type === "uint8" ? values : Uint8Array.from(values, (q) => q + MIDDLE);
    const zeroPoint = type === "uint8" ? zeroPoints[0]! : MIDDLE;
    return {
      integers: home.constant(`${weightName}_uint8`, {
        type: "uint8",
        dims,
        data: unsigned as Uint8Array,
      }),
      zeroPoint: home.constant(`${weightName}_zero_point`, {
        type: "uint8",
        dims: [],
        data: Uint8Array.of(zeroPoint),
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
      input: [input.integers, weights.integers, input.zeroPoint, weights.zeroPoint],
      output: [sums],
    },
    makeNode("Cast", [sums], [wide], { to: TensorProto_DataType.FLOAT }),
    makeNode("Mul", [input.scale, weights.scale], [scale]),
    makeNode("Mul", [wide, scale], [product]),
  );
  if (biasName) {
    const { data: bias } = readWeights(biasName, builder.facts);
    const channels = builder.constant(`${y}_bias`, {
      ...beside(bias),
      dims: [bias.length, ...dims.slice(2).map(() => 1)],
    });
    builder.push(makeNode("Add", [product, channels], [y]));
  }
}
