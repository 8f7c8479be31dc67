import { UserError } from "../errors.ts";
import type { Feeds, Tensor, ValueType } from "../tensor/tensor.ts";

/**
 * A sample at another length: along the axis that the network leaves open, values are cut off or repeated from the
 * start, positions are counted on, and nothing is masked. Its times are those of any text of that length; its
 * outputs mean nothing.
 *
 * The axis is that of the input of tokens, or else the first behind the batch that any input leaves open. Every
 * input that has it is changed, also a mask over past and present.
 *
 * @param inputs Of the network.
 * @throws {UserError} If the network's length is fixed.
 * @example
 * ```ts
 * import { atLength } from "./at_length.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const inputs = [{ name: "x", type: "float32", dims: ["N", "T"] }] as const;
 * const { x } = atLength({ x: float32([1, 2], [7, 8]) }, inputs, 5);
 * assert.deepEqual([x!.dims, [...x!.data]], [[1, 5], [7, 8, 7, 8, 7]]);
 * ```
 */
export function atLength(feeds: Feeds, inputs: readonly ValueType[], length: number): Feeds {
  const time = timeOf(feeds, inputs);
  if (!time) {
    const shapes = inputs.map(({ name, dims }) => `"${name}" [${dims?.join(", ") ?? "?"}]`);
    throw new UserError(
      `Cannot time at length ${length}: the network leaves no length open, its inputs are ` +
        `${shapes.join(", ")}; export it with a dynamic axis of positions`,
    );
  }
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]): [string, Tensor] => {
      const dims = inputs.find((input) => input.name === name)?.dims ?? [];
      const isMask = /mask/i.test(name);
      const axis = tensor.dims.findIndex((dim, axis) =>
        axis > 0 && typeof dims[axis] === "string" &&
        (dims[axis] === time.symbol || isMask && dim >= time.length && dims.length === 2)
      );
      if (axis < 0) return [name, tensor];
      const count = length + tensor.dims[axis]! - time.length; // a mask is also over the past
      return [name, alongAxis(tensor, axis, count, isMask ? "ones" : wayOf(name))];
    }),
  );
}

/** How many positions a sample has, and what the network calls their number. */
function timeOf(
  feeds: Feeds,
  inputs: readonly ValueType[],
): { readonly symbol: string; readonly length: number } | undefined {
  const isTokens = ({ name }: ValueType) => /input_?ids|token/i.test(name) && !/type/i.test(name);
  for (const { name, dims = [] } of [...inputs.filter(isTokens), ...inputs]) {
    const axis = dims.findIndex((dim, axis) => axis > 0 && typeof dim === "string");
    const length = feeds[name]?.dims[axis];
    if (axis > 0 && length) return { symbol: dims[axis] as string, length };
  }
  return undefined;
}

type Way = "repeat" | "count" | "ones";

function wayOf(name: string): Way {
  return /position/i.test(name) ? "count" : "repeat";
}

/** A tensor with `count` values along an axis. */
function alongAxis(tensor: Tensor, axis: number, count: number, way: Way): Tensor {
  const { type, dims } = tensor;
  const before = dims[axis]!;
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const source = tensor.data as ArrayLike<unknown>;
  const one = type === "int64" || type === "uint64" ? 1n : 1;
  const values = Array.from({ length: outer * count * inner }, (_, i) => {
    if (way === "ones") return one;
    const [block, at, rest] = [
      Math.floor(i / (count * inner)),
      Math.floor(i / inner) % count,
      i % inner,
    ];
    if (way === "count" && at >= before) {
      const last = source[(block * before + before - 1) * inner + rest];
      return typeof last === "bigint"
        ? last + BigInt(at - before + 1)
        : Number(last) + at - before + 1;
    }
    return source[(block * before + at % before) * inner + rest];
  });
  const data = Array.isArray(tensor.data)
    ? values
    : (tensor.data.constructor as Float32ArrayConstructor).from(values as number[]);
  return { type, dims: dims.map((dim, i) => i === axis ? count : dim), data } as Tensor;
}
