import { consumers, pinned, producers } from "../onnx/graph.ts";
import { intAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount, numericArrays, type Tensor } from "../tensor/tensor.ts";
import { broadcastStrides, copyStrided } from "./evaluate/strided.ts";
import { type FloatType, Parameters } from "./parameters.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { readIntegers } from "../onnx/read_integers.ts";

/**
 * Adds a constant before a Reshape that only splits the last axis of a product, as heads of attention are
 * split, and not behind it: there it is the bias of a layer, which kernels take in.
 */
export function biasBeforeReshape(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  if (!graph.node.some(({ opType }) => opType === "Reshape")) return graph;
  const parameters = new Parameters(graph, context);
  const constants = visibleConstants(graph, context);
  const makers = producers(graph);
  const readers = consumers(graph);
  const kept = pinned(graph);
  const moved = new Map<NodeProto, NodeProto>();
  for (const add of graph.node) {
    if (add.opType !== "Add" || !isStandard(add) || add.attribute.length > 0) continue;
    const index = add.input.findIndex((name) => makers.get(name)?.opType === "Reshape");
    const split = makers.get(add.input[index] ?? "");
    const bias = parameters.read(add.input[1 - index]);
    if (!split || !bias || moved.has(split)) continue;
    const [between] = split.output as [string];
    if (kept.has(between) || readers.get(between)!.length > 1) continue;
    const product = makers.get(split.input[0]!);
    const columns = product?.opType === "MatMul"
      ? parameters.read(product.input[1])?.dims.at(-1)
      : undefined;
    const shape = readIntegers(constants.get(split.input[1] ?? ""));
    if (columns === undefined || !shape || intAttribute(split, "allowzero", 0) !== 0) continue;
    const parts = shape.slice(shape.findLastIndex((dim) => dim === 0) + 1);
    const leading = shape.slice(0, shape.length - parts.length);
    if (leading.some((dim) => dim !== 0) || elementCount(parts) !== columns) continue;
    const flat = spread(bias, parts, columns);
    if (!flat) continue;
    const name = parameters.replace(add.input[1 - index]!, flat, add);
    const sum = parameters.fresh(`${between}_biased`);
    moved.set(split, { ...add, input: [split.input[0]!, name], output: [sum] });
    moved.set(add, { ...split, input: [sum, ...split.input.slice(1)], output: add.output });
    context.origins.inherit(moved.get(split)!, add);
    context.origins.inherit(moved.get(add)!, split);
  }
  return parameters.apply(graph.node.map((node) => moved.get(node) ?? node));
}

/** A constant repeated to the shape and flattened; undefined if it has other axes. */
function spread(
  bias: Tensor<FloatType>,
  dims: readonly number[],
  count: number,
): Tensor<FloatType> | undefined {
  const offset = dims.length - bias.dims.length;
  const fits = offset >= 0 && bias.dims.every((dim, i) => dim === 1 || dim === dims[offset + i]);
  if (!fits) return undefined;
  const data = new numericArrays[bias.type](count);
  const result = { type: bias.type, dims, data } as Tensor<FloatType>;
  copyStrided(bias, result, broadcastStrides(bias.dims, dims));
  return { ...result, dims: [count] };
}
