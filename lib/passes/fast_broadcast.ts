import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import type { FastForm, FormFacts } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";
import { joinsNorm } from "./runtime_fusions.ts";

/** Shortest stretch that the runtime goes through as fast as through any: each costs some 30 ns by itself. */
const LONG_STRETCH = 16;

/** Length to which short ones are brought. */
const WANTED_STRETCH = 128;

/** Most elements that a constant may have then. */
const MOST_ELEMENTS = 16_384;

/** Elements from which on it is worth it. */
const ENOUGH_FOR_A_CONSTANT = 256;

/**
 * Elementwise operators with a constant whose shape divides the tensor into short stretches: the three means
 * of a picture with channels last, or one number for a tensor whose last axis has one element, which the
 * runtime takes for stretches of one. The constant gets a shape that lets the stretches be long. Kernel facts
 * number-by-a-trailing-axis, short-stretches.
 */
export const FAST_BROADCAST: readonly FastForm[] = [{
  word: "identical",
  opTypes: ["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "PRelu", "Greater", "Less", "Equal"],
  match(node, facts) {
    if (node.input.length !== 2 || joinsNorm(node, facts)) return undefined;
    for (const side of [0, 1]) {
      const written = withLongStretches(node, side, facts);
      if (written) return written;
    }
    return undefined;
  },
}];

function withLongStretches(node: NodeProto, side: number, facts: FormFacts) {
  const [name = "", x = ""] = side === 0 ? node.input : node.input.toReversed();
  const constant = facts.floats(name);
  const dims = facts.lengths(x);
  if (!constant || !dims || elementCount(dims) < ENOUGH_FOR_A_CONSTANT) return undefined;
  const isFixed = (axis: number) => facts.fixedLength(x, axis) !== undefined;
  const wanted = longStretches(constant.dims, dims, isFixed);
  if (!wanted || elementCount(wanted) > MOST_ELEMENTS) return undefined;
  return (write: NodeWriter) => {
    const form = write.weight(name, wanted.join("x"), () => expanded(constant, wanted));
    return write.again(node, side === 0 ? [form, x] : [x, form]);
  };
}

/**
 * The shape for a constant of these dimensions that is combined with a tensor of those; undefined if it is
 * well as it is, wider than the tensor, or would have to follow an open length. An axis of one is right for
 * any length.
 */
function longStretches(
  of: readonly number[],
  dims: readonly number[],
  isFixed: (axis: number) => boolean,
): number[] | undefined {
  const rank = dims.length;
  if (of.length > rank) return undefined;
  const aligned = dims.map((_, i) => of.at(i - rank) ?? 1);
  if (aligned.some((length, axis) => length !== 1 && length !== dims[axis])) return undefined;
  // One number: only where it lacks an axis of one that the tensor ends with.
  if (elementCount(of) === 1) return dims.at(-1) === 1 && of.length < 2 ? aligned : undefined;
  const last = dims.findLastIndex((length) => length > 1);
  const isSame = aligned[last] === dims[last];
  let [axis, stretch] = [last, 1];
  while (axis >= 0 && (dims[axis] === 1 || (aligned[axis] === dims[axis]) === isSame)) {
    stretch *= dims[axis--]!;
  }
  if (axis < 0 || stretch >= LONG_STRETCH) return undefined;
  const wanted = [...aligned];
  let [filled, from] = [1, last];
  while (from >= 0 && (from >= axis || filled < WANTED_STRETCH)) {
    const follows = wanted[from] === dims[from] || isFixed(from);
    if (!follows && from >= axis) return undefined;
    if (!follows) break;
    wanted[from] = dims[from]!;
    filled *= dims[from--]!;
  }
  const leading = wanted.findIndex((length) => length > 1);
  return wanted.slice(leading);
}

function expanded({ dims, data }: Tensor<"float32">, wanted: readonly number[]): Tensor<"float32"> {
  const all = new Float32Array(elementCount(wanted));
  const aligned = wanted.map((_, i) => dims.at(i - wanted.length) ?? 1);
  for (let i = 0; i < all.length; i++) {
    let [from, step, rest] = [0, 1, i];
    for (let axis = wanted.length - 1; axis >= 0; axis--) {
      const at = rest % wanted[axis]!;
      rest = Math.floor(rest / wanted[axis]!);
      if (aligned[axis] !== 1) from += at * step;
      step *= aligned[axis]!;
    }
    all[i] = data[from]!;
  }
  return { type: "float32", dims: [...wanted], data: all };
}
