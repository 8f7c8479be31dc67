import { makeNode } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { evaluateNode } from "./evaluate/evaluate_node.ts";
import type { KnownIntegers } from "./known_integers.ts";

/** Integers, with the scale and the zero point of each beside it, so that all can be moved alike. */
interface Planes {
  readonly integers: Tensor<"int8" | "uint8">;
  readonly scales: Tensor<"float32">;
  readonly zeroPoints: Tensor<"int8" | "uint8">;
}

/** What a product of float32 with a factor, rounded once more, may be off from one rounded once. */
const ROUNDING = 2 ** -22;

/**
 * The integers of a constant that was made from one whose integers are known: by moving its elements, and
 * by multiplying them with factors that are one for all or one for each index along an axis. The integers stay,
 * and the scales are those of the new values.
 *
 * The values decide, not what made them: each has to be its integer times its scale, to the last bit but one.
 *
 * @returns Undefined where the values are others.
 */
export function carryIntegers(known: KnownIntegers, made: Tensor): KnownIntegers | undefined {
  if (made.type !== "float32") return undefined;
  const { dims, data } = known.integers;
  if (data.length !== made.data.length) return undefined;
  const planes = planesOf(known);
  for (const perm of orders(dims.length)) {
    const moved = perm && move(makeNode("Transpose", ["x"], ["y"], { perm }), [planes])?.[0];
    const fitting = fit(moved ?? planes, made as Tensor<"float32">, known);
    if (fitting) return fitting;
  }
  return undefined;
}

/** Operators that only move the elements of what they read first, or of all they read. */
const MOVES = new Set(
  ["Concat", "Flatten", "Gather", "Identity", "Reshape", "Slice", "Split", "Squeeze"].concat(
    ["Transpose", "Unsqueeze"],
  ),
);

/**
 * The integers of what a node makes of constants, one for each output.
 *
 * @param known What is known of each input.
 * @param inputs Values of the inputs.
 */
export function integersThrough(
  node: NodeProto,
  known: readonly (KnownIntegers | undefined)[],
  inputs: readonly (Tensor | undefined)[],
  made: readonly (Tensor | undefined)[],
): readonly (KnownIntegers | undefined)[] {
  const [first] = known.filter((one) => one !== undefined);
  if (!first) return [];
  if (!MOVES.has(node.opType)) return made.map((tensor) => tensor && carryIntegers(first, tensor));
  const isJoined = node.opType === "Concat";
  const alike = known.every((one) => one?.integers.type === first.integers.type);
  if (isJoined ? !alike : !known[0]) return [];
  const read = inputs.map((tensor, i) => isJoined || i === 0 ? planesOf(known[i]!) : tensor);
  return (move(node, read) ?? []).map((planes, i) => {
    const tensor = made[i];
    return tensor?.type === "float32" ? fit(planes, tensor as Tensor<"float32">, first) : undefined;
  });
}

/** The orders of axes in which passes lay weights out; undefined is their own. */
function orders(rank: number): (number[] | undefined)[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (rank < 2) return [undefined];
  const swapped = [...axes.slice(0, -2), rank - 1, rank - 2];
  if (rank === 2) return [undefined, swapped];
  const [filters, channels, ...taps] = axes as [number, number, ...number[]];
  return [
    undefined,
    [...taps, channels, filters],
    [filters, ...taps, channels],
    swapped,
    [channels, filters, ...taps],
  ];
}

/** Elements that have a scale together. */
interface Sharing {
  readonly axis: number | undefined;
  readonly blockSize?: number | undefined;
}

/** Which scale each element has, and how many there are. */
function scaleIndex(dims: readonly number[], { axis, blockSize }: Sharing) {
  if (axis === undefined) return { count: 1, of: () => 0 };
  const run = elementCount(dims.slice(axis + 1));
  const length = dims[axis]!;
  if (blockSize === undefined) {
    return { count: length, of: (i: number) => Math.floor(i / run) % length };
  }
  const groups = Math.ceil(length / blockSize);
  const of = (i: number) => {
    const row = Math.floor(i / run);
    const group = Math.floor(row / length) * groups + Math.floor(row % length / blockSize);
    return group * run + i % run;
  };
  return { count: elementCount(dims.slice(0, axis)) * groups * run, of };
}

function planesOf({ integers, scales, zeroPoints, axis, blockSize }: KnownIntegers): Planes {
  const { dims, data, type } = integers;
  const { of } = scaleIndex(dims, { axis, blockSize });
  return {
    integers,
    scales: {
      type: "float32",
      dims,
      data: new Float32Array(data.length).map((_, i) => scales[of(i)]!),
    },
    zeroPoints: {
      type,
      dims,
      data: data.map((_: number, i: number) => zeroPoints[of(i)]!),
    } as Tensor<"int8" | "uint8">,
  };
}

/** What a node makes of planes, and of what else it reads. */
function move(
  node: NodeProto,
  read: readonly (Planes | Tensor | undefined)[],
): Planes[] | undefined {
  const [integers, scales, zeroPoints] = (["integers", "scales", "zeroPoints"] as const)
    .map((plane) => {
      const inputs = read.map((one) => one && "integers" in one ? one[plane] : one);
      return evaluateNode(node, inputs, Infinity);
    });
  if (!integers || !scales || !zeroPoints) return undefined;
  return integers.map((one, i) => ({
    integers: one as Planes["integers"],
    scales: scales[i] as Planes["scales"],
    zeroPoints: zeroPoints[i] as Planes["zeroPoints"],
  }));
}

/** Finds the axis along which values have a scale for each index, or for each block, and the scales. */
function fit(
  planes: Planes,
  values: Tensor<"float32">,
  { bits, blockSize }: KnownIntegers,
): KnownIntegers | undefined {
  const { dims, data } = values;
  const steps = (i: number) => planes.integers.data[i]! - planes.zeroPoints.data[i]!;
  const few = Math.min(data.length, 4096);
  for (let i = 0; i < few; i++) if ((steps(i) === 0) !== (data[i] === 0)) return undefined;
  const sharings: Sharing[] = blockSize === undefined
    ? [undefined, ...dims.keys()].map((axis) => ({ axis }))
    : [...dims.keys()].map((axis) => ({ axis, blockSize }));
  for (const sharing of sharings) {
    const { count, of } = scaleIndex(dims, sharing);
    const scales = scalesOf(planes, data, count, of);
    const zeroPoints = planes.zeroPoints.data.slice(0, count);
    data.forEach((_, i) => zeroPoints[of(i)] = planes.zeroPoints.data[i]!);
    const isSame = (value: number, i: number) => {
      const c = of(i);
      return planes.zeroPoints.data[i] === zeroPoints[c] &&
        Math.abs(Math.fround(steps(i) * scales[c]!) - value) <= ROUNDING * Math.abs(value);
    };
    if (!data.every(isSame)) continue;
    const integers = { ...planes.integers, dims } as KnownIntegers["integers"];
    const { axis } = sharing;
    const known = {
      ...{ integers, scales, zeroPoints, axis },
      ...(bits && { bits }),
      ...(blockSize !== undefined && { blockSize }),
    };
    return scales.some((scale) => scale < 0) ? turned(known, of) : known;
  }
  return undefined;
}

/** The scale of each channel by its largest integer: the one it had, if that gives its value. */
function scalesOf(
  { integers, scales, zeroPoints }: Planes,
  values: Float32Array,
  channels: number,
  of: (i: number) => number,
): Float32Array {
  const result = new Float32Array(channels);
  const most = new Uint16Array(channels);
  for (let i = 0; i < values.length; i++) {
    const c = of(i);
    const steps = integers.data[i]! - zeroPoints.data[i]!;
    if (result[c] === 0) result[c] = scales.data[i]!;
    if (Math.abs(steps) <= most[c]!) continue;
    most[c] = Math.abs(steps);
    const own = scales.data[i]!;
    result[c] = Math.fround(steps * own) === values[i] ? own : values[i]! / steps;
  }
  return result;
}

/** Integers of the other sign where the scale is below 0, which kernels do not expect. */
function turned(known: KnownIntegers, of: (i: number) => number): KnownIntegers | undefined {
  const { integers, scales, zeroPoints } = known;
  const data = integers.data.slice();
  for (let i = 0; i < data.length; i++) {
    const c = of(i);
    if (scales[c]! > 0) continue;
    const mirrored = 2 * zeroPoints[c]! - data[i]!;
    data[i] = mirrored;
    if (data[i] !== mirrored) return undefined;
  }
  return {
    ...known,
    integers: { ...integers, data } as KnownIntegers["integers"],
    scales: scales.map(Math.abs),
  };
}
