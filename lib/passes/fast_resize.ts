import { intAttribute, stringAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { float32 } from "../tensor/tensor.ts";
import { type FastForm, type FormFacts, scalarConstant } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";
import { joinsQuantize } from "./runtime_fusions.ts";

/** Elements of the result from which on several nodes are faster than the one. */
const ENOUGH_FOR_A_RESIZE = 8192;

/** Longest side of a map that is resized by matrices: they hold little but zeros. */
const LONGEST_SIDE = 16;

/**
 * Linear Resize to larger maps, which the runtime computes number by number: by a matrix for each axis on small
 * maps, else, to twice the size, as weighted sums of neighbours, even and odd places apart. Kernel facts
 * resize-to-twice, resize-of-small-maps.
 */
export const FAST_RESIZES: readonly FastForm[] = [
  { word: "exact", opTypes: ["Resize"], match: matchResize },
];

/** An axis of a map that becomes longer. */
interface Resized {
  readonly length: number;
  readonly wanted: number;
  /** Where each place of the result stands in the input, before that is brought within it. */
  place(at: number): number;
}

function matchResize(node: NodeProto, facts: FormFacts) {
  const [x = ""] = node.input;
  if (!facts.isFloat32(x) || facts.rank(x) !== 4) return undefined;
  if (facts.maker(x, "DequantizeLinear") && joinsQuantize(node, facts)) return undefined;
  const [rows, columns] = [resized(node, 2, facts), resized(node, 3, facts)];
  const channels = facts.fixedLength(x, 1);
  if (!rows || !columns || channels === undefined) return undefined;
  const larger = rows.wanted / rows.length * columns.wanted / columns.length;
  if (facts.size(x) * larger < ENOUGH_FOR_A_RESIZE) return undefined;
  if (Math.max(rows.length, columns.length) <= LONGEST_SIDE) {
    return (write: NodeWriter) => {
      const wide = write.add("MatMul", [x, matrix(columns, { isTurned: true }, write)]);
      return write.add("MatMul", [matrix(rows, { isTurned: false }, write), wide]);
    };
  }
  if (![rows, columns].every(isDoubled)) return undefined;
  return (write: NodeWriter) => {
    const evenAndOdd = inTurns(x, 3, write).map((part) => write.reshape(part, [1, -1]));
    const turned = write.add("Transpose", [write.add("Concat", evenAndOdd, { axis: 0 })], {
      perm: [1, 0],
    });
    const wide = write.reshape(turned, [-1, channels, rows.length, columns.wanted]);
    const tall = write.add("Concat", inTurns(wide, 2, write), { axis: 3 });
    return write.reshape(tall, [-1, channels, rows.wanted, columns.wanted]);
  };
}

/** An axis of a Resize that is linear and makes it longer; undefined where it is not one of those. */
function resized(node: NodeProto, axis: number, facts: FormFacts): Resized | undefined {
  const [x, , scales, sizes] = node.input;
  const told = (name: string, usual: string) => stringAttribute(node, name, usual);
  if (told("mode", "nearest") !== "linear" || intAttribute(node, "antialias", 0) !== 0) return;
  if (told("keep_aspect_ratio_policy", "stretch") !== "stretch") return undefined;
  if (node.attribute.some(({ name }) => name === "axes")) return undefined;
  const length = facts.fixedLength(x, axis);
  if (length === undefined) return undefined;
  const [factors, lengths] = [facts.floats(scales)?.data, facts.integers(sizes)];
  const leaves = factors?.[0] === 1 && factors[1] === 1 ||
    lengths?.[0] === facts.fixedLength(x, 0) && lengths?.[1] === facts.fixedLength(x, 1);
  const scale = factors?.[axis] ?? Number(lengths?.[axis]) / length;
  const wanted = lengths?.[axis] ?? Math.floor(length * scale);
  if (!leaves || !(scale >= 1)) return undefined;
  const place = PLACES[told("coordinate_transformation_mode", "half_pixel")]?.(
    scale,
    length,
    wanted,
  );
  return place && { length, wanted, place };
}

type Places = (scale: number, length: number, wanted: number) => Resized["place"];

const halfPixel: Places = (scale) => (at) => (at + 0.5) / scale - 0.5;

const PLACES: Readonly<Record<string, Places>> = {
  half_pixel: halfPixel,
  pytorch_half_pixel: (scale, length, wanted) =>
    wanted > 1 ? halfPixel(scale, length, wanted) : () => 0,
  asymmetric: (scale) => (at) => at / scale,
  align_corners: (_, length, wanted) => (at) => wanted > 1 ? at * (length - 1) / (wanted - 1) : 0,
};

/** What a place of the result reads: two neighbours, or one, at the ends. */
function sources({ length, place }: Resized, at: number) {
  const inside = Math.min(Math.max(place(at), 0), length - 1);
  const first = Math.floor(inside);
  const share = inside - first;
  return [[first, 1 - share], [Math.min(first + 1, length - 1), share]] as const;
}

/** What makes an axis longer: `[wanted, length]`, or the same turned, to stand on the right. */
function matrix(axis: Resized, { isTurned }: { isTurned: boolean }, write: NodeWriter): string {
  const { length, wanted } = axis;
  const data = new Float32Array(wanted * length);
  for (let at = 0; at < wanted; at++) {
    for (const [from, share] of sources(axis, at)) {
      data[isTurned ? from * wanted + at : at * length + from]! += share;
    }
  }
  const dims = isTurned ? [length, wanted] : [wanted, length];
  return write.shared(`resize_${dims.join("x")}`, float32(dims, data));
}

/** Whether an axis becomes twice as long, by three quarters of a place and a quarter of its neighbour. */
function isDoubled(axis: Resized): boolean {
  const { length, wanted } = axis;
  return wanted === 2 * length && axis.place(0) === -0.25 && axis.place(1) === 0.25;
}

/** The even and the odd places of an axis that is doubled. */
function inTurns(x: string, axis: number, write: NodeWriter): string[] {
  const [near, far] = [0.75, 0.25].map((share) =>
    write.add("Mul", [x, scalarConstant(write, share)])
  ) as [string, string];
  const end = Number.MAX_SAFE_INTEGER;
  const cut = (from: number, to: number) =>
    write.add("Slice", [far, ...[[from], [to], [axis]].map((list) => write.int64(list))]);
  const neighbours = [[cut(0, 1), cut(0, -1)], [cut(1, end), cut(-1, end)]];
  return neighbours.map((pair) => write.add("Add", [near, write.add("Concat", pair, { axis })]));
}
