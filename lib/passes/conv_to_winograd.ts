import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import type { WinogradForm } from "../record/recipe.ts";
import { elementCount, float32 } from "../tensor/tensor.ts";
import { isIdentity, type Matrix } from "./cook_toom.ts";
import { inferShapes } from "./infer_shapes.ts";
import { knownBefore } from "./known_before.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { type ConvShape, readConv, readConvShape } from "./read_conv.ts";
import { type NodeWriter, replaceNodes } from "./replacement.ts";
import { outputOrder, tileReads } from "./winograd_tables.ts";
import { areColumns, tilesOf } from "./winograd_tiles.ts";
import {
  byFilter,
  type KernelStorage,
  type RoundMatrix,
  type WinogradConv,
} from "./winograd_weights.ts";
import { integerProducts, products } from "./winograd_products.ts";
import { winogradParts } from "../record/winograd_parts.ts";

/**
 * Which Convs are written as Winograd's, and how.
 * @category Passes (advanced)
 */
export interface ConvToWinogradOptions {
  /** Form of a Conv; undefined leaves it a Conv, as does a form that it cannot have. */
  form: (conv: ConvShape) => WinogradForm | undefined;
  /**
   * Whether the file holds the transformed weights (`ahead`), or the weights as they are and nodes that the
   * runtime computes when it loads the model (`load`). @default {"ahead"}
   */
  stored?: KernelStorage;
  /**
   * Rounds the weights of forms with integer products, whose file holds them transformed. @default {there are no
   * such forms}
   */
  rounded?: RoundMatrix;
}

/**
 * Writes Conv nodes (1d and 2d, one group, any padding and stride) as Winograd's: tiles of the map are
 * transformed, multiplied with transformed kernels at each of their points, and transformed back. That takes
 * fewer multiplications, 4 for each output of a 3x3 kernel with tiles of 2x2, and 2.25 with tiles of 4x4.
 *
 * Rows of channels are the unit: one Gather pads and cuts into tiles at once; thin matrices transform them,
 * one axis after the other; each point is a MatMul with a constant matrix, which the runtime packs when it loads
 * the model. The bias is added at one point, the one that counts once in each output. Transposes stand before
 * and after, as maps come with their channels first.
 *
 * Sums are the same but for rounding: see `amplification()`; those with integer products have about 34 dB.
 * Lengths of the map are fixed to those of the
 * sample, the batch is not. Opset 13 or later.
 *
 * @returns The graph itself if nothing was rewritten.
 * @see {@link https://arxiv.org/abs/1509.09308 | Lavin and Gray 2015}
 * @example The form that should be the fastest of those with at most twice the weights
 * ```ts
 * import { float32Tensor } from "octavo";
 * import {
 *   convToWinograd,
 *   learnShapes,
 *   parseModel,
 *   winogradCost,
 *   winogradForms,
 * } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 64, 14, 14]; output y float32[N, 64, 12, 12]
 *   tensor shape int64[4] = [64, 64, 3, 3]; w = ConstantOfShape(shape); y = Conv(x, w)`);
 * const x = float32Tensor([1, 64, 14, 14], new Float32Array(64 * 14 * 14));
 * const graph = convToWinograd(model.graph, await learnShapes(model, { x }), {
 *   form: (conv) =>
 *     winogradForms(conv).find((form) => winogradCost(conv, form)!.weightBytes < 2 * 4 * 64 * 64 * 9),
 * });
 * assert.ok(!graph.node.some(({ opType }) => opType === "Conv"));
 * ```
 * @category Passes (advanced)
 */
export function convToWinograd(
  graph: GraphProto,
  shapes: ShapeMap,
  options: ConvToWinogradOptions,
  context: PassContext = rootContext(graph),
): GraphProto {
  const { form, stored = "ahead", rounded } = options;
  if (!graph.node.some(({ opType }) => opType === "Conv")) return graph;
  const constants = visibleConstants(graph, context);
  const known = inferShapes(graph, shapes, constants);
  const before = knownBefore(graph, constants.keys());
  const read = (node: NodeProto): WinogradConv | undefined => {
    const conv = readConv(node, known, constants) ?? readConvShape(node, known);
    const [x, w] = node.input.map((name) => known.get(name)?.type);
    if (!conv || conv.group !== 1 || x !== "float32" || w !== "float32") return undefined;
    if (!before.has(node.input[1]!)) return undefined;
    const asked = form(conv);
    const tiles = asked && tilesOf(conv.window, asked);
    if (!tiles) return undefined;
    const written: WinogradConv = { ...conv, form: asked, tiles };
    return !winogradParts(asked).hasIntegers || (rounded && written.weight) ? written : undefined;
  };
  return replaceNodes(graph, context, (node, write) => {
    const conv = read(node);
    return conv && known.fix(node.input[0], conv.spatialAxes) &&
      written(conv, { stored, rounded }, write);
  });
}

function written(
  conv: WinogradConv,
  { stored, rounded }: { stored: KernelStorage; rounded: RoundMatrix | undefined },
  write: NodeWriter,
): string {
  const cut = transformed(tilesOfRows(conv, write), conv, "input", write);
  const { form, weight, window, filters, spatialAxes, tiles, node } = conv;
  const areIntegers = winogradParts(form).hasIntegers && weight && rounded;
  if (!areIntegers && areColumns(tiles)) return withTilesAsColumns(cut, conv, write);
  const { rows, columns, count } = tiles;
  const { result, hasBias } = areIntegers
    ? integerProducts(cut, conv, weight, rounded, write)
    : products(cut, conv, stored, write);
  const outputs = transformed(result, conv, "output", write);
  const length = rows.outputs * columns.outputs * count;
  const inTiles = write.reshape(outputs, [-1, length, filters]);
  let y = write.add("Gather", [inTiles, outputOrder(tiles, window.output, write)], { axis: 1 });
  if (node.input[2] && !hasBias) y = write.add("Add", [y, node.input[2]]);
  const last = write.reshape(y, [-1, ...window.output, filters]);
  const perm = [0, spatialAxes.length + 1, ...spatialAxes.map((axis) => axis - 1)];
  return write.add("Transpose", [last], { perm });
}

/** The convolution of transformed tiles, which leave the products with their channels in front. */
function withTilesAsColumns(cut: string, conv: WinogradConv, write: NodeWriter): string {
  const { node, window, channels, filters, tiles: { rows, columns, count, points } } = conv;
  const whole = write.reshape(cut, [-1, points, count, channels]);
  const products = write.addContrib("FusedMatMul", [byFilter(conv, write), whole], {
    ...{ transBatchA: 1, transB: 1 },
  });
  const outputs = transformed(products, conv, "output", write);
  const apart = [-1, rows.outputs, columns.outputs, filters, rows.count, columns.count];
  const perm = [0, 3, 4, 1, 5, 2];
  const joined = write.add("Transpose", [write.reshape(outputs, apart)], { perm });
  const lengths = [rows.outputs * rows.count, columns.outputs * columns.count]
    .slice(-window.output.length);
  let y = write.reshape(joined, [-1, filters, ...lengths]);
  const beyond = lengths.flatMap((length, axis) => length > window.output[axis]! ? [axis] : []);
  if (beyond.length > 0) {
    const ends = beyond.map((axis) => window.output[axis]!);
    const axes = beyond.map((axis) => axis + 2);
    y = write.add("Slice", [
      y,
      ...[ends.map(() => 0), ends, axes].map((list) => write.int64(list)),
    ]);
  }
  const [, , bias] = node.input;
  if (!bias) return y;
  return write.add("Add", [y, write.reshape(bias, [filters, ...lengths.map(() => 1)])]);
}

/** What each tile reads, [batch, span * tiles, channels], from [batch, channels, ...lengths]. */
function tilesOfRows(
  { node, window, channels, spatialAxes, tiles }: WinogradConv,
  write: NodeWriter,
) {
  const places = elementCount(window.input);
  const last = write.add("Transpose", [node.input[0]!], { perm: [0, ...spatialAxes, 1] });
  let rows = write.reshape(last, [-1, places, channels]);
  const { indices, readsPadding } = tileReads(tiles, window.input, write);
  if (readsPadding) rows = write.add("Pad", [rows, write.int64([0, 0, 0, 0, 1, 0])]);
  return write.add("Gather", [rows, indices], { axis: 1 }); // kernel fact gather-of-rows
}

/** The transform of the inputs or of the outputs, of all tiles at once: along rows, then along columns. */
function transformed(
  x: string,
  { tiles: { rows, columns, count }, channels, filters }: WinogradConv,
  side: "input" | "output",
  write: NodeWriter,
): string {
  const length = count * (side === "input" ? channels : filters);
  const inner = columns[side];
  const along = (x: string, matrix: Matrix, rest: number) => {
    if (isIdentity(matrix)) return x;
    const flat = write.reshape(x, [-1, matrix[0]!.length, rest]);
    const stored = float32([matrix.length, matrix[0]!.length], matrix.flat());
    return write.add("MatMul", [write.shared(`${side}_transform`, stored), flat]);
  };
  return along(along(x, rows[side], inner[0]!.length * length), inner, length);
}
