import { floatAttribute, intAttribute, makeNode } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import type { Builder } from "./builder.ts";
import { quantizeAtRunTime } from "./dynamic_input.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { DynamicInt8, WeightObserver } from "./qconfig.ts";
import { quantizeWeights } from "./weights.ts";

/** Why this MatMul or Gemm cannot be dynamic, if so. */
export function linearObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const weights = facts.floatConstant(node.input[1]);
  if (!weights) return "its weights are not float32 constants";
  if (dimsOf(weights).length !== 2) return "its weights are not a matrix";
  if (node.opType === "MatMul") return undefined;
  if (intAttribute(node, "transA", 0) !== 0) return "Gemm with transA has no int8 kernel";
  if (floatAttribute(node, "alpha", 1) !== 1 || floatAttribute(node, "beta", 1) !== 1) {
    return "Gemm with alpha or beta other than 1 has no int8 kernel";
  }
  return undefined;
}

/**
 * Writes a MatMul or Gemm as DynamicQuantizeLinear, MatMulInteger and a Mul by both scales, which the
 * runtime fuses into one DynamicQuantizeMatMul. The range of the activation is found anew on every
 * run, over the whole tensor: results depend on what else is in a batch.
 */
export function writeDynamicLinear(
  node: NodeProto,
  qconfig: DynamicInt8,
  builder: Builder,
): void {
  const [x, weightName, bias] = node.input as [string, string, string?];
  const [y] = node.output as [string];
  const transposed = node.opType === "Gemm" && intAttribute(node, "transB", 0) === 1;
  const weights = integerMatrix(weightName, { transposed, observer: qconfig.weight }, builder);
  const input = quantizeAtRunTime(x, builder);
  const name = (part: string) => builder.fresh(`${y}_${part}`);
  const [sums, wide, scale] = [name("int32"), name("float"), name("scale")];
  const product = bias ? name("product") : y;
  builder.push(
    makeNode("MatMulInteger", [input.integers, weights.integers, input.zeroPoint], [sums], {}, {
      name: node.name,
    }),
    makeNode("Cast", [sums], [wide], { to: TensorProto_DataType.FLOAT }),
    makeNode("Mul", [input.scale, weights.scale], [scale]),
    makeNode("Mul", [wide, scale], [product]),
  );
  if (bias) builder.push(makeNode("Add", [product, bias], [y]));
}

/** The integers [k, n] of a weight matrix and their scale, written once beside the matrix. */
function integerMatrix(
  name: string,
  options: { transposed: boolean; observer: WeightObserver },
  builder: Builder,
): { integers: string; scale: string } {
  const { transposed, observer } = options;
  const perChannel = observer.granularity === "channel";
  const home = builder.homeOf(name);
  return home.once(`matrix ${name} ${transposed} ${observer.name}`, () => {
    const stored = readTensorProto(home.facts.floatConstant(name)!);
    const [rows, columns] = stored.dims as [number, number];
    const matrix = stored.data as Float32Array;
    const dims = transposed ? [columns, rows] : [rows, columns];
    const { values, scales } = quantizeWeights(
      transposed ? transpose(matrix, rows, columns) : matrix,
      dims,
      perChannel ? [1] : [],
      { clip: observer.clip },
    );
    return {
      integers: home.constant(`${name}_quantized`, { type: "int8", dims, data: values }),
      scale: home.constant(`${name}_scale`, {
        type: "float32",
        dims: perChannel ? [scales.length] : [],
        data: scales,
      }),
    };
  });
}

function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) result[c * rows + r] = matrix[r * columns + c]!;
  }
  return result;
}
