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
 * Cast and a Mul that the runtime folds. Blocks are made, and undone, by Reshape. Zero points are taken off,
 * which stands for the same values.
 */
export function writeKnownBlocks(
  name: string,
  known: KnownIntegers & { readonly axis: number; readonly blockSize: number },
  write: BlockWriter,
): NodeProto[] {
  const { integers: { dims }, axis, blockSize, scales } = known;
  const blocks = Math.ceil(dims[axis]! / blockSize);
  const split = (size: number) => [...dims.slice(0, axis), blocks, size, ...dims.slice(axis + 1)];
  const data = stepsOf(known, blocks);
  const isSmall = write.packs && data.every((step) => step >= -8 && step <= 7);
  const type = isSmall ? "int4" : "int8";
  const stored = write.constant(
    `${name}_${type}`,
    { type: "int8", dims: split(blockSize), data },
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
  const nodes = [
    makeNode("Cast", [stored], [wide], { to: TensorProto_DataType.FLOAT }),
    makeNode("Mul", [wide, scale], [scaled]),
    makeNode("Reshape", [scaled, list("shape", padded)], [flat]),
  ];
  if (isWhole) return nodes;
  const cut = [list("start", [0]), list("end", [dims[axis]!]), list("axis", [axis])];
  return [...nodes, makeNode("Slice", [flat, ...cut], [name])];
}

/** The integers less their zero points, filled up to whole blocks along the axis. */
function stepsOf(
  { integers: { dims, data }, zeroPoints, axis, blockSize }: KnownIntegers & {
    readonly axis: number;
    readonly blockSize: number;
  },
  blocks: number,
): Int8Array {
  const run = elementCount(dims.slice(axis + 1));
  const [length, padded] = [dims[axis]!, blocks * blockSize];
  const steps = new Int8Array(elementCount(dims.slice(0, axis)) * padded * run);
  for (let i = 0; i < data.length; i++) {
    const [row, column] = [Math.floor(i / run), i % run];
    const [outer, along] = [Math.floor(row / length), row % length];
    const block = (outer * blocks + Math.floor(along / blockSize)) * run + column;
    steps[(outer * padded + along) * run + column] = data[i]! - zeroPoints[block]!;
  }
  return steps;
}

/** Whether integers have scales for blocks, and int8 holds them without their zero points. */
export function areBlocks(
  known: KnownIntegers | undefined,
): known is KnownIntegers & { readonly axis: number; readonly blockSize: number } {
  if (known?.blockSize === undefined || known.axis === undefined) return false;
  const { integers: { data, type }, zeroPoints, bits = 8 } = known;
  // Those of fewer bits than 8 are never more than 15 steps from their zero point.
  const middle = type === "int8" ? 0 : 128;
  return bits < 8 || (data.length > 0 && zeroPoints.every((one) => one === middle));
}
