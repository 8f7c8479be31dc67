import { intAttribute, makeNode } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { Builder } from "./builder.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { DynamicInt8, WeightObserver } from "./qconfig.ts";
import { quantizeWeights } from "./weights.ts";

/** Why this LSTM cannot be dynamic, if so. */
export function lstmObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  if (!facts.floatConstant(node.input[1]) || !facts.floatConstant(node.input[2])) {
    return "its weights are not float32 constants";
  }
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
    const { dims, data } = readTensorProto(home.facts.floatConstant(name)!);
    const [directions, gates, width] = dims as [number, number, number];
    const { values, scales } = quantizeWeights(
      data as Float32Array,
      dims,
      perChannel ? [0, 1] : [0],
      { clip: observer.clip },
    );
    const scaleDims = perChannel ? [directions, gates] : [directions];
    return {
      integers: home.constant(`${name}_quantized`, {
        type: "int8",
        dims: [directions, width, gates],
        data: transposeEach(values, directions, gates, width),
      }),
      scale: home.constant(`${name}_scale`, { type: "float32", dims: scaleDims, data: scales }),
      zeroPoint: home.constant(`${name}_zero_point`, {
        type: "int8",
        dims: scaleDims,
        data: new Int8Array(scales.length),
      }),
    };
  });
}

/** Transposes each [rows, columns] matrix of a stack. */
function transposeEach(values: Int8Array, count: number, rows: number, columns: number): Int8Array {
  const result = new Int8Array(values.length);
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
