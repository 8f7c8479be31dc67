import { floatAttribute, intAttribute, intsAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount } from "../tensor/tensor.ts";
import { type FastForm, type FormFacts, scalarConstant } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";

/** Elements from which on the many nodes of a norm are faster than the runtime's one. */
const ENOUGH_FOR_A_NORM = 8192;

/** Rows shorter than that cost as much by themselves as what is gained on them. */
const SHORTEST_ROW = 48;

/** Fewest channels that a Conv adds up faster than a ReduceMean does. */
const FEWEST_CHANNELS = 8;

/**
 * Means and norms by the kernels that pool and convolve, which compute four numbers at a time where those of
 * ReduceMean and LayerNormalization compute one. Norms that are written as ReduceMean, Sub, Pow and so on,
 * which the runtime would turn into its LayerNormalization, become fast by their means.
 */
export const FAST_NORMS: readonly FastForm[] = [
  { word: "exact", opTypes: ["LayerNormalization"], match: matchLayerNorm },
  { word: "exact", opTypes: ["ReduceMean"], match: matchMean },
];

/** LayerNormalization over the last axis; rows are the rest, of a batch of one where there is none. */
function matchLayerNorm(node: NodeProto, facts: FormFacts) {
  const [x = "", scale = "", bias] = node.input;
  const rank = facts.rank(x);
  if (!facts.isFloat32(x) || rank === undefined || rank < 2) return undefined;
  const axis = intAttribute(node, "axis", -1);
  if ((axis !== -1 && axis !== rank - 1) || node.output[1] || node.output[2]) return undefined;
  const width = facts.lengthOf(scale, -1);
  if (facts.rank(scale) !== 1 || width === undefined || !isWorthIt(x, width, facts)) {
    return undefined;
  }
  const epsilon = Math.fround(floatAttribute(node, "epsilon", 1e-5));
  return (write: NodeWriter) => {
    const rows = rank === 3 ? x : write.reshape(x, [rank === 2 ? 1 : 0, -1, width]);
    const mean = write.add("GlobalAveragePool", [rows]);
    const difference = write.add("Sub", [rows, mean]);
    const square = write.add("Mul", [difference, difference]);
    const variance = write.add("GlobalAveragePool", [square]);
    const steady = write.add("Add", [variance, scalarConstant(write, epsilon)]);
    const factor = write.add("Reciprocal", [write.add("Sqrt", [steady])]);
    const plain = write.add("Mul", [difference, factor]);
    const back = rank === 3 ? plain : write.add("Reshape", [plain, write.add("Shape", [x])]);
    const scaled = write.add("Mul", [back, scale]);
    return bias ? write.add("Add", [scaled, bias]) : scaled;
  };
}

/** ReduceMean over the last of three axes, or over the second of three or four. */
function matchMean(node: NodeProto, facts: FormFacts) {
  const [x = "", stored] = node.input;
  const rank = facts.rank(x);
  const axes = stored ? facts.integers(stored) : intsAttribute(node, "axes");
  if (!facts.isFloat32(x) || rank === undefined || axes?.length !== 1) return undefined;
  const axis = axes[0]! < 0 ? axes[0]! + rank : axes[0]!;
  const mean = axis === 1
    ? meanOfChannels(x, rank, facts)
    : axis === 2 && rank === 3 && isWorthIt(x, facts.lengthOf(x, 2) ?? Infinity, facts)
    ? (write: NodeWriter) => write.add("GlobalAveragePool", [x])
    : undefined;
  if (!mean || intAttribute(node, "keepdims", 1) === 1) return mean;
  return (write: NodeWriter) => write.add("Squeeze", [mean(write), write.int64([axis])]);
}

/** The mean of channels is a Conv with one filter. */
function meanOfChannels(x: string, rank: number, facts: FormFacts) {
  if (rank !== 3 && rank !== 4) return undefined;
  if (!isWorthIt(x, Infinity, facts) || (facts.lengthOf(x, 1) ?? 0) < FEWEST_CHANNELS) {
    return undefined;
  }
  const channels = facts.fixedLength(x, 1);
  if (channels === undefined) return undefined;
  const dims = [1, channels, ...Array(rank - 2).fill(1)];
  const data = new Float32Array(elementCount(dims)).fill(1 / channels);
  return (write: NodeWriter) => {
    const filter = write.weight("mean", dims.join("x"), () => ({ type: "float32", dims, data }));
    return write.add("Conv", [x, filter]);
  };
}

function isWorthIt(x: string, width: number, facts: FormFacts): boolean {
  return facts.size(x) >= ENOUGH_FOR_A_NORM && width >= SHORTEST_ROW;
}
