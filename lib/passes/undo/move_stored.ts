import { intAttribute, intsAttribute } from "../../onnx/node.ts";
import type { NodeProto } from "../../onnx/onnx_pb.ts";
import { elementCount, type Tensor } from "../../tensor/tensor.ts";
import { evaluateNode } from "../evaluate/evaluate_node.ts";
import { reblocked } from "./reblock.ts";
import type { ScaleGrid, StoredIntegers } from "./stored_integers.ts";

/** Operators that lay out stored integers anew. */
export const LAYING: ReadonlySet<string> = new Set([
  ...["Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"],
]);

/** Stored integers after a move, with their scales; undefined where these do not follow. */
export function moveStored(
  stored: StoredIntegers,
  move: NodeProto,
  parameters: readonly Tensor[],
): StoredIntegers | undefined {
  const { integers, scale, zero, block } = stored;
  const apply = <T extends Tensor>(tensor: T, inputs = parameters): T | undefined =>
    evaluateNode(move, [tensor, ...inputs], tensor.data.length * 4)?.[0] as T | undefined;
  const moved = apply(integers);
  if (!moved) return undefined;
  const rest = { ...stored, integers: moved };
  if (move.opType === "Transpose") {
    const rank = integers.dims.length;
    const perm = intsAttribute(move, "perm") ?? integers.dims.map((_, i) => rank - 1 - i);
    const turn = <T extends "float32" | "int8" | "uint8">(
      type: T,
      { dims, data }: ScaleGrid<Tensor<T>["data"] & (Float32Array | Int8Array | Uint8Array)>,
    ) => apply({ type, dims, data } as Tensor<T>, [])!;
    return {
      ...rest,
      ...(scale && { scale: turn("float32", scale) }),
      ...(zero && { zero: turn(integers.type, zero) }),
      ...(block && { block: { ...block, axis: perm.indexOf(block.axis) } }),
    };
  }
  if (move.opType === "Slice") return isCut(stored, moved.dims, parameters) ? rest : undefined;
  return reshaped(rest, integers.dims) ?? reblocked(rest, integers.dims);
}

/** The parts of stored integers that a Split makes, with their scales; undefined where it cuts blocks. */
export function splitStored(
  stored: StoredIntegers,
  split: NodeProto,
  parameters: readonly Tensor[],
): StoredIntegers[] | undefined {
  const { integers, scale, zero, block } = stored;
  const rank = integers.dims.length;
  const axis = (intAttribute(split, "axis", 0) + rank) % rank;
  if (block?.axis === axis) return undefined;
  const cut = <T extends Tensor>(tensor: T): readonly T[] | undefined =>
    evaluateNode(split, [tensor, ...parameters], Infinity) as T[] | undefined;
  const parts = cut(integers);
  const scales = scale && scale.dims[axis] !== 1 ? cut({ type: "float32", ...scale } as const) : [];
  const zeros = zero && zero.dims[axis] !== 1
    ? cut({ ...integers, ...zero } as StoredIntegers["integers"])
    : [];
  if (!scales || !zeros) return undefined;
  return parts?.map((part, i) => ({
    ...stored,
    integers: part,
    ...(scales[i] && { scale: scales[i] }),
    ...(zeros[i] && { zero: zeros[i] }),
  }));
}

/** Whether a Slice cuts off ends alone, and of axes with scales no block. */
function isCut(
  { integers: { dims }, scale, zero, block }: StoredIntegers,
  to: readonly number[],
  [starts, , , steps]: readonly Tensor[],
): boolean {
  const all = (tensor: Tensor | undefined, value: number) =>
    !tensor || [...tensor.data as Iterable<number | bigint>].every((one) => Number(one) === value);
  if (!starts || !all(starts, 0) || !all(steps, 1)) return false;
  return dims.every((length, i) =>
    length === to[i] ||
    [scale, zero].every((grid) =>
      !grid || grid.dims[i] === 1 ||
      block?.axis === i && Math.ceil(to[i]! / block.size) === grid.dims[i]
    )
  );
}

/** Follows grids through a Reshape, one group of axes with as many elements at a time. */
function reshaped(
  stored: StoredIntegers,
  from: readonly number[],
): StoredIntegers | undefined {
  const { scale, zero } = stored;
  const to = stored.integers.dims;
  if (stored.block) return undefined;
  const found: { block?: { axis: number; size: number } } = {};
  const groups = commonGroups(from, to);
  const map = <G extends ScaleGrid<Float32Array | Int8Array | Uint8Array>>(
    grid: G | undefined,
  ): G | undefined => {
    if (!grid) return undefined;
    const dims: number[] = [];
    for (const { before, after } of groups) {
      const lengths = before.map((i) => from[i]!);
      const shared = before.map((i) => grid.dims[i]!);
      const target = after.map((i) => to[i]!);
      const large = after.filter((i) => to[i]! > 1);
      if (shared.every((length) => length === 1)) dims.push(...target.map(() => 1));
      else if (shared.every((length, i) => length === lengths[i])) dims.push(...target);
      else {
        // Rows of blocks, joined: [blocks, size] to [blocks * size].
        const last = lengths.length - 1;
        const isBlocked = large.length === 1 && shared[last] === 1 && lengths[last]! > 1 &&
          shared.every((length, i) => i === last || length === lengths[i]);
        const block = { axis: large[0]!, size: lengths[last]! };
        if (!isBlocked || found.block && found.block.axis !== block.axis) return undefined;
        found.block = block;
        dims.push(...after.map((i) => i === block.axis ? elementCount(shared) : 1));
      }
    }
    return { ...grid, dims };
  };
  const [newScale, newZero] = [map(scale), map(zero)];
  if (scale && !newScale || zero && !newZero) return undefined;
  return {
    ...stored,
    ...(newScale && { scale: newScale }),
    ...(newZero && { zero: newZero }),
    ...found,
  };
}

/** Splits axes before and after a Reshape into the smallest groups of as many elements. */
function commonGroups(
  from: readonly number[],
  to: readonly number[],
): { before: number[]; after: number[] }[] {
  const groups: { before: number[]; after: number[] }[] = [];
  let [i, j] = [0, 0];
  while (i < from.length || j < to.length) {
    const group = { before: [] as number[], after: [] as number[] };
    let [left, right] = [1, 1];
    do {
      const takeLeft = j >= to.length || i < from.length && left <= right;
      if (takeLeft && i < from.length) {
        left *= from[i]!;
        group.before.push(i++);
      } else {
        right *= to[j]!;
        group.after.push(j++);
      }
    } while (left !== right && (i < from.length || j < to.length));
    groups.push(group);
  }
  return groups;
}
