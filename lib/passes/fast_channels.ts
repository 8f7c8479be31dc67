import { intAttribute, intsAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import type { FastForm, FormFacts } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";
import { joinsQuantize } from "./runtime_fusions.ts";

/** Elements from which on more nodes in the place of one are faster. */
const ENOUGH = 8192;

/** Fewest channels that a Conv adds up faster than a ReduceMean does. */
const FEWEST_ADDED = 8;

/** Most channels that are cut apart: each makes a tensor of its own, which takes a while to set up. */
const MOST_CUT = 160;

/** Fewest positions of a channel that is cut out. */
const SHORTEST_CUT = 1024;

/**
 * What goes over the channels of a map, axis 1 of [batch, channels, ...]. The runtime's kernels for that take
 * one number here and the next far away, or transpose the map for it and back. A sum over channels is
 * a Conv with one filter, the largest is a Max of the channels: the same bits, but that ReduceMax overlooks a NaN
 * behind a number. Kernel facts mean-of-channels, largest-of-channels, softmax-of-channels.
 */
export const FAST_CHANNELS: readonly FastForm[] = [
  reduction("ReduceMean", meanOf),
  reduction("ReduceMax", (x, facts) => extremeOf(x, "Max", facts)),
  reduction("ReduceMin", (x, facts) => extremeOf(x, "Min", facts)),
  { word: "exact", opTypes: ["Softmax"], match: matchSoftmax },
];

type Write = (write: NodeWriter) => string;

/** Axes of a reduction, as numbers from 0 on. */
export function reducedAxes(node: NodeProto, facts: FormFacts): readonly number[] | undefined {
  const [x, stored] = node.input;
  const rank = facts.rank(x);
  const axes = stored ? facts.integers(stored) : intsAttribute(node, "axes");
  return rank === undefined ? undefined : axes?.map((axis) => axis < 0 ? axis + rank : axis);
}

/** What `reduce` gives of a value, without the axis where the node does not keep it. */
export function keptOrNot(node: NodeProto, axis: number, reduce: Write): Write {
  if (intAttribute(node, "keepdims", 1) === 1) return reduce;
  return (write) => write.add("Squeeze", [reduce(write), write.int64([axis])]);
}

/** The form of a reduction over channels. */
function reduction(
  opType: string,
  reduce: (x: string, facts: FormFacts) => Write | undefined,
): FastForm {
  return {
    word: "exact",
    opTypes: [opType],
    match(node, facts) {
      const axes = reducedAxes(node, facts);
      const isOne = axes?.length === 1 && axes[0] === 1;
      const written = isOne ? reduce(node.input[0]!, facts) : undefined;
      return written && keptOrNot(node, 1, written);
    },
  };
}

/** How many channels a large float32 map has. */
function channelsOf(x: string, facts: FormFacts): number | undefined {
  const rank = facts.rank(x);
  if (!facts.isFloat32(x) || (rank !== 3 && rank !== 4)) return undefined;
  return facts.size(x) >= ENOUGH ? facts.fixedLength(x, 1) : undefined;
}

function meanOf(x: string, facts: FormFacts): Write | undefined {
  const channels = channelsOf(x, facts) ?? 0;
  const rank = facts.rank(x)!;
  return channels < FEWEST_ADDED
    ? undefined
    : (write) => weightedSum(write, x, filterOf(rank, channels, 1 / channels));
}

/** A filter that adds up channels of a value of this rank, each times the same number. */
function filterOf(rank: number, channels: number, weight: number): Tensor<"float32"> {
  const dims = [1, channels, ...Array<number>(rank - 2).fill(1)];
  return { type: "float32", dims, data: new Float32Array(channels).fill(weight) };
}

/** [batch, channels, ...] to [batch, 1, ...]. */
function weightedSum(write: NodeWriter, x: string, filter: Tensor<"float32">): string {
  const form = `${filter.dims.join("x")}_${filter.data[0]}`;
  return write.add("Conv", [x, write.weight("filter", form, () => filter)]);
}

/** The largest or smallest of the channels. */
function extremeOf(x: string, opType: "Max" | "Min", facts: FormFacts): Write | undefined {
  const channels = channelsOf(x, facts);
  if (channels === undefined || channels < 2 || channels > MOST_CUT) return undefined;
  const positions = elementCount(facts.lengths(x)!.slice(2));
  if (positions < SHORTEST_CUT) return undefined;
  const each = Array<number>(channels).fill(1);
  return (write) => write.add(opType, write.split(x, each, 1));
}

/** e^(x - max) by its sum, as the operator has it. */
function matchSoftmax(node: NodeProto, facts: FormFacts): Write | undefined {
  const [x = ""] = node.input;
  if (intAttribute(node, "axis", -1) !== 1) return undefined;
  if (facts.maker(x, "DequantizeLinear") && joinsQuantize(node, facts)) return undefined;
  const largest = extremeOf(x, "Max", facts);
  if (!largest) return undefined;
  const filter = filterOf(facts.rank(x)!, channelsOf(x, facts)!, 1);
  return (write) => {
    const power = write.add("Exp", [write.add("Sub", [x, largest(write)])]);
    return write.add("Div", [power, weightedSum(write, power, filter)]);
  };
}
