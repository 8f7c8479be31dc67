import { floatAttribute, intAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount } from "../tensor/tensor.ts";
import { keptOrNot, reducedAxes } from "./fast_channels.ts";
import { type FastForm, type FormFacts, scalarConstant } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";

/** Elements from which on the many nodes of a norm are faster than the runtime's one. */
const ENOUGH_FOR_A_NORM = 8192;

/** Rows shorter than that cost as much by themselves as what is gained on them. */
const SHORTEST_ROW = 48;

/**
 * Positions for which InstanceNormalization is slower than its parts, and near enough to the right numbers
 * that what is exact comes within 100 dB of it: it loses 6 dB whenever they double.
 */
const INSTANCE = { least: 512, most: 16_384 };

/**
 * Means and norms by GlobalAveragePool, which adds up four numbers at a time where ReduceMean,
 * LayerNormalization and InstanceNormalization add up one. Norms that are written as ReduceMean, Sub, Pow and
 * so on, which the runtime would turn into its LayerNormalization, become fast by their means. Kernel facts
 * layer-normalization, instance-normalization, mean-of-rows.
 */
export const FAST_NORMS: readonly FastForm[] = [
  { word: "exact", opTypes: ["LayerNormalization"], match: matchLayerNorm },
  { word: "exact", opTypes: ["InstanceNormalization"], match: matchInstanceNorm },
  { word: "exact", opTypes: ["ReduceMean"], match: matchMean },
];

/** LayerNormalization over the last axis; rows are the rest, of a batch of one where there is none. */
function matchLayerNorm(node: NodeProto, facts: FormFacts) {
  const [x = "", scale = "", bias] = node.input;
  const rank = facts.rank(x);
  if (!facts.isFloat32(x) || rank === undefined || rank < 2) return undefined;
  const axis = intAttribute(node, "axis", -1);
  if ((axis !== -1 && axis !== rank - 1) || node.output[1] || node.output[2]) return undefined;
  const width = facts.lengths(scale)?.at(-1);
  if (facts.rank(scale) !== 1 || width === undefined || !isWorthIt(x, width, facts)) {
    return undefined;
  }
  return (write: NodeWriter) => {
    const rows = rank === 3 ? x : write.reshape(x, [rank === 2 ? 1 : 0, -1, width]);
    const { difference, factor } = standardize(write, rows, node);
    const plain = write.add("Mul", [difference, factor]);
    const back = rank === 3 ? plain : write.add("Reshape", [plain, write.add("Shape", [x])]);
    const scaled = write.add("Mul", [back, scale]);
    return bias ? write.add("Add", [scaled, bias]) : scaled;
  };
}

/** [batch, channels, ...] less its means, and what to multiply it by for a variance of 1. */
function standardize(write: NodeWriter, x: string, node: NodeProto) {
  const epsilon = scalarConstant(write, Math.fround(floatAttribute(node, "epsilon", 1e-5)));
  const difference = write.add("Sub", [x, write.add("GlobalAveragePool", [x])]);
  const square = write.add("Mul", [difference, difference]);
  const variance = write.add("GlobalAveragePool", [square]);
  const deviation = write.add("Sqrt", [write.add("Add", [variance, epsilon])]);
  return { difference, factor: write.add("Reciprocal", [deviation]) };
}

/** InstanceNormalization by constants, of groups too: PyTorch writes these as channels, times 1 plus 0. */
function matchInstanceNorm(node: NodeProto, facts: FormFacts) {
  const [x = "", scale = "", bias = ""] = node.input;
  const [scales, biases, lengths] = [facts.floats(scale), facts.floats(bias), facts.lengths(x)];
  if (!facts.isFloat32(x) || !scales || !biases || !lengths) return undefined;
  const positions = elementCount(lengths.slice(2));
  if (positions < INSTANCE.least || positions > INSTANCE.most) return undefined;
  if (facts.size(x) < ENOUGH_FOR_A_NORM) return undefined;
  const dims = [scales.data.length, ...Array<number>(lengths.length - 2).fill(1)];
  return (write: NodeWriter) => {
    const form = (name: string, { data }: typeof scales) =>
      write.weight(name, dims.join("x"), () => ({ type: "float32", dims, data }));
    const { difference, factor } = standardize(write, x, node);
    const factors = scales.data.every((value) => value === 1)
      ? factor
      : write.add("Mul", [factor, form(scale, scales)]);
    const scaled = write.add("Mul", [difference, factors]);
    if (biases.data.every((value) => value === 0)) return scaled;
    return write.add("Add", [scaled, form(bias, biases)]);
  };
}

/** ReduceMean over the last axis. */
function matchMean(node: NodeProto, facts: FormFacts) {
  const [x = ""] = node.input;
  const axes = reducedAxes(node, facts);
  const last = (facts.rank(x) ?? 0) - 1;
  if (!facts.isFloat32(x) || axes?.length !== 1 || axes[0] !== last || last < 2) return undefined;
  const width = facts.lengths(x)?.[last];
  if (!isWorthIt(x, width ?? Infinity, facts)) return undefined;
  const pool = (write: NodeWriter, rows: string) => write.add("GlobalAveragePool", [rows]);
  if (last === 2) return keptOrNot(node, last, (write) => pool(write, x));
  const between = Array.from({ length: last - 1 }, (_, i) => facts.fixedLength(x, i + 1));
  if (width === undefined || !between.every((length) => length !== undefined)) return undefined;
  return keptOrNot(node, last, (write) => {
    const rows = write.reshape(x, [0, -1, width]);
    return write.reshape(pool(write, rows), [0, ...between, 1]);
  });
}

function isWorthIt(x: string, width: number, facts: FormFacts): boolean {
  return facts.size(x) >= ENOUGH_FOR_A_NORM && width >= SHORTEST_ROW;
}
