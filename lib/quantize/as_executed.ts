import { subgraphs } from "../onnx/graph.ts";
import { type Model, sha256 } from "../onnx/model.ts";
import {
  type GraphProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { rawBytes } from "../onnx/tensor_proto.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { stackStored } from "./stack_stored.ts";
import { writeExecuted } from "./write_executed.ts";

/**
 * How a file holds int8. `operators`: those on integers that the runtime executes, many of them
 * onnxruntime's own. `qdq`: float operators between DequantizeLinear and QuantizeLinear, which other
 * runtimes read too, and which onnxruntime turns into the same operators whenever it opens the file.
 * @category QConfigs (advanced)
 */
export type FileFormat = "operators" | "qdq";

/**
 * What a file may take more than the same with operators between DequantizeLinear and QuantizeLinear, for
 * the sake of weights that need not be computed when it is opened. A kilobyte is nothing to any network.
 */
const MOST_GROWTH = { share: 0.02, bytes: 1024 };

/**
 * An int8 model as the runtime executes it, in the place of float operators between DequantizeLinear and
 * QuantizeLinear that it has to fuse whenever a session is made: the same kernels on the same numbers, so
 * the same bits, and a session in ×0.35 to ×0.5 of the time. Many of the operators are onnxruntime's
 * own: other runtimes do not know them.
 *
 * What comes out is optimized once more, and handed out only where the same kernels come of it.
 *
 * @returns The same model where nothing in it is quantized, where this build of the runtime does not tell
 * what it executes, or where the file would grow by more than 2 %
 * and a kilobyte.
 * @example
 * ```ts
 * import { float32Tensor, openRuntime, quantizeStatic } from "octavo";
 * import { asExecuted, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * await using runtime = openRuntime({ workers: 1 });
 * const int8 = await quantizeStatic(model, [{ x: float32Tensor([1, 2], [1, 4]) }], { runtime });
 * const { graph } = await asExecuted(int8, runtime);
 * assert.deepEqual(graph.node.map(({ opType }) => opType), ["QuantizeLinear", "QGemm"]);
 * ```
 * @category QConfigs (advanced)
 */
export async function asExecuted(model: Model, runtime: Runtime): Promise<Model> {
  const isQuantized = model.graph.node.some(({ opType }) => opType === "DequantizeLinear");
  const stackedAlone = stackStored(model);
  if (!isQuantized && stackedAlone === model) return model;
  const executed = await runtime.optimized(model);
  if (!executed) return model;
  const written = isQuantized ? writeWithin(model, executed) : stackedAlone;
  if (!written) return model;
  const again = await runtime.optimized(written);
  if (!again) return model;
  const [before, after] = [await kernels(executed.graph), await kernels(again.graph)];
  return before.length === after.length && before.every((one, i) => one === after[i])
    ? written
    : model;
}

/** What is executed, and what is computed at load; undefined where that takes too many bytes. */
function writeWithin(model: Model, executed: Model): Model | undefined {
  const { length } = model.bytes();
  const most = length + Math.max(MOST_GROWTH.share * length, MOST_GROWTH.bytes);
  const stacked = stackStored(writeExecuted(model, executed));
  const mayGrow = most - stacked.bytes().length;
  if (mayGrow < 0) return undefined;
  // What is written as it is used is no part of a stack: then that may be smaller than before.
  const grown = stackStored(writeExecuted(model, executed, { mayGrow }));
  return grown.graph.node.length <= stacked.graph.node.length && grown.bytes().length <= most
    ? grown
    : stacked;
}

/** Operators that only move values: the runtime may move them differently when it looks again. */
const MOVES: ReadonlySet<string> = new Set([
  "Expand",
  "Flatten",
  "Gather",
  "Identity",
  "Reshape",
  "Slice",
  "Split",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/**
 * What a graph computes with, each kernel with its constants as text, in an order of its own. To dequantize
 * and quantize again by the same scale changes no integer: of these only the surplus counts.
 */
async function kernels(
  { node, initializer }: GraphProto,
  outer: ReadonlyMap<string, string> = new Map(),
): Promise<string[]> {
  const constants = new Map(outer);
  for (const tensor of initializer) constants.set(tensor.name, await contentOf(tensor));
  const found: string[] = [];
  const surplus = new Map<string, number>();
  for (const one of node) {
    const { domain, opType, input } = one;
    if (MOVES.has(opType)) continue;
    const read = input.map((name) => constants.get(name) ?? (name && "a value"));
    if (opType === "QuantizeLinear" || opType === "DequantizeLinear") {
      const scale = JSON.stringify(read.slice(1));
      surplus.set(scale, (surplus.get(scale) ?? 0) + (opType === "QuantizeLinear" ? 1 : -1));
      continue;
    }
    const bodies: string[][] = [];
    for (const body of subgraphs(one)) bodies.push(await kernels(body, constants));
    found.push(JSON.stringify([domain, opType, read, bodies]));
  }
  for (const [scale, count] of surplus) if (count !== 0) found.push(`${count} ${scale}`);
  return found.sort();
}

/** Type and content of a constant; its shape follows how it is moved. */
async function contentOf(tensor: TensorProto): Promise<string> {
  const { dataType, stringData } = tensor;
  const content = dataType === DataType.STRING
    ? stringData.join()
    : await sha256(Uint8Array.from(rawBytes(tensor)));
  return `${dataType} ${content}`;
}
