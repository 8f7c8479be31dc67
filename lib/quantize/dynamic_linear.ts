import { floatAttribute, intAttribute, makeNode } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import type { OutlierColumns } from "../record/recipe.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Builder } from "./builder.ts";
import { quantizeAtRunTime } from "./dynamic_input.ts";
import { addIntegerWeights, type IntegerWeights } from "./integer_weights.ts";
import { isPerChannel, knownObstacle, knownWeights } from "./known_weights.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { DynamicInt8, WeightObserver } from "./qconfig.ts";
import { readWeights, weightObstacle } from "./read_weights.ts";
import { quantizeWeights } from "./weights.ts";
import {
  productOfColumns,
  type SplitMatrix,
  splitMatrix,
  withoutColumns,
} from "./outlier_product.ts";

/** Why this MatMul or Gemm cannot be dynamic, if so. */
export function linearObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const obstacle = weightObstacle(node.input[1], facts) ?? knownObstacle(node, facts);
  if (obstacle) return obstacle;
  if (facts.floatConstant(node.input[1])!.dims.length < 2) return "its weights are a vector";
  if (node.opType === "MatMul") return undefined;
  if (intAttribute(node, "transA", 0) !== 0) return "Gemm with transA has no int8 kernel";
  if (floatAttribute(node, "alpha", 1) !== 1 || floatAttribute(node, "beta", 1) !== 1) {
    return "Gemm with alpha or beta other than 1 has no int8 kernel";
  }
  return undefined;
}

/**
 * Writes a MatMul or Gemm as DynamicQuantizeLinear, MatMulInteger and a Mul by both scales, which the
 * runtime fuses into one DynamicQuantizeMatMul (kernel fact dynamic-matmul). The range of the activation is found anew on every
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
  const { outliers } = qconfig;
  const split = outliers && splitWeights(weightName, transposed, outliers, builder);
  const options = { transposed, observer: qconfig.weight };
  const weights = split
    ? integersOfRest(weightName, split, qconfig, builder)
    : integerMatrix(weightName, options, builder);
  const rest = split ? withoutColumns(x, split.k, outliers!, builder) : x;
  const input = quantizeAtRunTime(rest, builder);
  const name = (part: string) => builder.fresh(`${y}_${part}`);
  const [sums, wide, scale] = [name("int32"), name("float"), name("scale")];
  const whole = split ? name("rest") : y;
  const product = bias ? name("product") : whole;
  builder.push(
    makeNode(
      "MatMulInteger",
      [input.integers, weights.integers, input.zeroPoint, ...weights.zeroPoint],
      [sums],
      {},
      { name: node.name },
    ),
    makeNode("Cast", [sums], [wide], { to: TensorProto_DataType.FLOAT }),
    makeNode("Mul", [input.scale, weights.scale], [scale]),
    makeNode("Mul", [wide, scale], [product]),
  );
  if (bias) builder.push(makeNode("Add", [product, bias], [whole]));
  if (!split) return;
  const columns = productOfColumns({ x, y, rows: split.rows, n: split.n }, outliers!, builder);
  builder.push(makeNode("Add", [whole, columns], [y]));
}

/** The weights [k, n] of a product, those that meet outlier columns apart. */
function splitWeights(
  name: string,
  transposed: boolean,
  outliers: OutlierColumns,
  { facts }: Builder,
): SplitMatrix & { k: number; n: number } {
  const { data, dims } = readWeights(name, facts);
  const [rows, columns] = dims as [number, number];
  const [k, n] = transposed ? [columns, rows] : [rows, columns];
  return { k, n, ...splitMatrix(transposed ? transpose(data, rows, columns) : data, n, outliers) };
}

/** The integers of what is left of a matrix, whose scales need not reach what was split off. */
function integersOfRest(
  name: string,
  { rest, k, n }: { rest: Float32Array; k: number; n: number },
  { weight, outliers }: DynamicInt8,
  builder: Builder,
): ReturnType<typeof integerMatrix> {
  const home = builder.homeOf(name);
  return home.once(`rest of ${name} ${weight.name} ${outliers!.columns}`, () => {
    const axes = weight.granularity === "channel" ? [1] : [];
    const { type, values, scales, zeroPoints } = quantizeWeights(rest, [k, n], axes, weight);
    const tensor = { type, dims: [k, n], data: values } as Tensor;
    const dims = scales.length > 1 ? [scales.length] : [];
    const zeroPoint = { type, dims: [], data: zeroPoints } as Tensor;
    return {
      integers: home.constant(`${name}_quantized`, tensor),
      scale: home.constant(`${name}_scale`, { type: "float32", dims, data: scales }),
      zeroPoint: type === "uint8" ? [home.constant(`${name}_zero_point`, zeroPoint)] : [],
    };
  });
}

/**
 * The integers [k, n] of a weight matrix and their scale, written once beside the matrix; and their
 * zero point if it is another than 0. A stack of matrices has a single scale, which is all that the kernel
 * takes.
 */
function integerMatrix(
  name: string,
  options: { transposed: boolean; observer: WeightObserver },
  builder: Builder,
): { integers: string; scale: string; zeroPoint: string[] } {
  const { transposed, observer } = options;
  const isMatrix = builder.facts.floatConstant(name)?.dims.length === 2;
  const perChannel = isMatrix && isPerChannel(name, observer, builder.facts);
  const home = builder.homeOf(name);
  return home.once(`matrix ${name} ${transposed} ${observer.name}`, () => {
    const { type, scales, zeroPoints, integers } = transposed
      ? addTransposed(name, observer, home)
      : addIntegerWeights(name, { axis: perChannel ? 1 : undefined, weight: observer }, home);
    // The same for all columns.
    const zeroPoint = { type, dims: [], data: zeroPoints.slice(0, 1) } as Tensor;
    return {
      integers,
      scale: home.constant(`${name}_scale`, {
        type: "float32",
        dims: perChannel && scales.length > 1 ? [scales.length] : [],
        data: scales,
      }),
      zeroPoint: type === "uint8" ? [home.constant(`${name}_zero_point`, zeroPoint)] : [],
    };
  });
}

/** The integers of a matrix [n, k] as [k, n]. */
function addTransposed(
  name: string,
  observer: WeightObserver,
  builder: Builder,
): Omit<IntegerWeights, "key"> {
  const stored = readWeights(name, builder.facts);
  const [rows, columns] = stored.dims as [number, number];
  const dims = [columns, rows];
  const axes = isPerChannel(name, observer, builder.facts) ? [1] : [];
  const known = knownWeights(name, axes.length > 0 ? 0 : undefined, builder.facts);
  const { values, ...rest } = known
    ? { ...known, values: transpose(known.values, rows, columns) }
    : quantizeWeights(transpose(stored.data, rows, columns), dims, axes, observer);
  const tensor = { type: rest.type, dims, data: values } as Tensor;
  return { ...rest, integers: builder.constant(`${name}_quantized`, tensor) };
}

function transpose<Values extends Float32Array | Int8Array | Uint8Array>(
  matrix: Values,
  rows: number,
  columns: number,
): Values {
  const result = matrix.slice() as Values;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) result[c * rows + r] = matrix[r * columns + c]!;
  }
  return result;
}
