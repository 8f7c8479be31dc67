import { intAttribute, makeNode } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { DynamicInt8, WeightObserver } from "./qconfig.ts";
import { readWeights, weightObstacle } from "./read_weights.ts";
import { quantizeWeights } from "./weights.ts";

/** Why this LSTM cannot be dynamic, if so. */
export function lstmObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const obstacle = weightObstacle(node.input[1], facts) ?? weightObstacle(node.input[2], facts);
  if (obstacle) return obstacle;
  // The runtime's operator drops the attribute without a word.
  return intAttribute(node, "layout", 0) === 0
    ? undefined
    : "the int8 LSTM kernel has no batch-first layout";
}

/**
 * Writes an LSTM as onnxruntime's DynamicQuantizeLSTM, with weights transposed to
 * [directions, inputs, 4 * hidden] as it wants them.
 *
 * @see {@link https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md |
 * DynamicQuantizeLSTM}
 */
export function writeDynamicLstm(node: NodeProto, qconfig: DynamicInt8, builder: Builder): void {
  const [x, w, r, b = "", lengths = "", h0 = "", c0 = "", peepholes = ""] = node.input as [
    string,
    string,
    string,
    ...string[],
  ];
  const parameters = [w, r].map((name) => gateWeights(name, qconfig.weight, builder));
  const inputs = [
    ...[x, ...parameters.map(({ integers }) => integers), b, lengths, h0, c0, peepholes],
    ...parameters.flatMap(({ scale, zeroPoint }) => [scale, zeroPoint]),
  ];
  const quantized = makeNode("DynamicQuantizeLSTM", inputs, node.output, {}, {
    name: node.name,
    domain: "com.microsoft",
  });
  const attribute = node.attribute.filter(({ name }) => name !== "layout");
  builder.push({ ...quantized, attribute });
  builder.requireDomain("com.microsoft", 1);
}

/** The integers of W or R, transposed, with scale and zero point, written once beside them. */
function gateWeights(name: string, observer: WeightObserver, builder: Builder) {
  const perChannel = observer.granularity === "channel";
  const home = builder.homeOf(name);
  return home.once(`gates ${name} ${observer.name}`, () => {
    const { dims, data } = readWeights(name, home.facts);
    const [directions, gates, width] = dims as [number, number, number];
    const axes = perChannel ? [0, 1] : [0];
    const { type, values, scales, zeroPoints } = quantizeWeights(data, dims, axes, observer);
    const scaleDims = perChannel ? [directions, gates] : [directions];
    return {
      integers: home.constant(`${name}_quantized`, {
        type,
        dims: [directions, width, gates],
        data: transposeEach(values, directions, gates, width),
      } as Tensor),
      scale: home.constant(`${name}_scale`, { type: "float32", dims: scaleDims, data: scales }),
      zeroPoint: home.constant(
        `${name}_zero_point`,
        { type, dims: scaleDims, data: zeroPoints } as Tensor,
      ),
    };
  });
}

/** Transposes each [rows, columns] matrix of a stack. */
function transposeEach(
  values: Int8Array | Uint8Array,
  count: number,
  rows: number,
  columns: number,
): Int8Array | Uint8Array {
  const result = values.slice();
  for (let m = 0; m < count; m++) {
    const base = m * rows * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        result[base + c * rows + r] = values[base + r * columns + c]!;
      }
    }
  }
  return result;
}
