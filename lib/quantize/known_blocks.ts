import { makeNode } from "../onnx/node.ts";
import { type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import type { TensorProtoOptions } from "../onnx/tensor_proto.ts";
import type { KnownIntegers } from "../passes/known_integers.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";

/** Where nodes and constants are written. */
export interface BlockWriter {
  /** Stores a constant. @returns Its name. */
  constant(base: string, tensor: Tensor, options?: TensorProtoOptions): string;
  /** A name that is free. */
  fresh(base: string): string;
  /** Whether the file may hold int4, which needs opset 21. */
  readonly packs: boolean;
}

/**
 * Writes weights that a file held with a scale for each block of each row as these very integers, behind a
 * Cast and a Mul that the runtime folds. Blocks are made, and undone, by Reshape. Zero points are taken off
 * where int8 holds what is left, which stands for the same values; otherwise a Sub does it.
 */
export function writeKnownBlocks(
  name: string,
  known: KnownIntegers & { readonly axis: number; readonly blockSize: number },
  write: BlockWriter,
): NodeProto[] {
  const { integers: { dims }, axis, blockSize, scales } = known;
  const blocks = Math.ceil(dims[axis]! / blockSize);
  const split = (size: number) => [...dims.slice(0, axis), blocks, size, ...dims.slice(axis + 1)];
  const steps = stepsOf(known, blocks);
  const none = { ...known, zeroPoints: new Uint8Array(scales.length) };
  const data = steps ?? stepsOf(none, blocks, true)!;
  const isSmall = write.packs && data.every((step) => step >= -8 && step <= 7) &&
    steps !== undefined;
  const type = steps ? "int8" : known.integers.type;
  const stored = write.constant(
    `${name}_${isSmall ? "int4" : type}`,
    { type, dims: split(blockSize), data } as Tensor,
    isSmall ? { packed: "int4" } : {},
  );
  const scale = write.constant(`${name}_scale`, {
    type: "float32",
    dims: split(1),
    data: scales,
  });
  const [wide, scaled] = [write.fresh(`${name}_wide`), write.fresh(`${name}_scaled`)];
  const padded = dims.with(axis, blocks * blockSize);
  const isWhole = padded[axis] === dims[axis];
  const flat = isWhole ? name : write.fresh(`${name}_flat`);
  const list = (base: string, values: readonly number[]) =>
    write.constant(`${name}_${base}`, {
      type: "int64",
      dims: [values.length],
      data: BigInt64Array.from(values, BigInt),
    });
  const centred = steps ? wide : write.fresh(`${name}_centred`);
  const zeroPoint = () =>
    write.constant(`${name}_zero_point`, {
      ...{ type: "float32", dims: split(1) },
      data: Float32Array.from(known.zeroPoints),
    });
  const nodes = [
    makeNode("Cast", [stored], [wide], { to: TensorProto_DataType.FLOAT }),
    ...steps ? [] : [makeNode("Sub", [wide, zeroPoint()], [centred])],
    makeNode("Mul", [centred, scale], [scaled]),
    makeNode("Reshape", [scaled, list("shape", padded)], [flat]),
  ];
  if (isWhole) return nodes;
  const cut = [list("start", [0]), list("end", [dims[axis]!]), list("axis", [axis])];
  return [...nodes, makeNode("Slice", [flat, ...cut], [name])];
}

/** The integers less their zero points, filled up to whole blocks along the axis; undefined if int8 does not hold them. */
function stepsOf(
  { integers: { dims, data, type }, zeroPoints, axis, blockSize }: KnownIntegers & {
    readonly axis: number;
    readonly blockSize: number;
  },
  blocks: number,
  asStored = false,
): Int8Array | Uint8Array | undefined {
  const run = elementCount(dims.slice(axis + 1));
  const [length, padded] = [dims[axis]!, blocks * blockSize];
  const count = elementCount(dims.slice(0, axis)) * padded * run;
  const steps = asStored && type === "uint8" ? new Uint8Array(count) : new Int8Array(count);
  for (let i = 0; i < data.length; i++) {
    const [row, column] = [Math.floor(i / run), i % run];
    const [outer, along] = [Math.floor(row / length), row % length];
    const block = (outer * blocks + Math.floor(along / blockSize)) * run + column;
    const step = data[i]! - zeroPoints[block]!;
    const at = (outer * padded + along) * run + column;
    steps[at] = step;
    if (steps[at] !== step) return undefined;
  }
  return steps;
}

/** Whether integers have scales for blocks. */
export function areBlocks(
  known: KnownIntegers | undefined,
): known is KnownIntegers & { readonly axis: number; readonly blockSize: number } {
  return known?.blockSize !== undefined && known.axis !== undefined;
}
