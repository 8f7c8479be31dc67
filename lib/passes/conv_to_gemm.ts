import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { chooseForms } from "./choose_forms.ts";
import { type GemmForm, isDense, type PlainConv } from "./gemm_forms.ts";
import { inferShapes } from "./infer_shapes.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { type ReadConv, readConv } from "./read_conv.ts";
import { type NodeWriter, replaceNodes, type RewriteOptions } from "./replacement.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { rowClasses, type TapClass, tapClasses } from "./taps.ts";

/**
 * Which Convs become matrix products, and how: part of {@linkcode LowerForWasmOptions}.
 * @category Passes (advanced)
 */
export interface ConvToGemmOptions extends RewriteOptions {
  /** Form of a Conv; undefined leaves it a Conv. @default {the one that is estimated to be the fastest} */
  form?: (conv: PlainConv) => GemmForm | undefined;
}

/**
 * Writes Conv nodes (1d to 3d, one group) as Gemm. On small maps the runtime's Conv computes a matrix
 * product for each picture with as few columns as the map has positions, which leaves most of its
 * kernel idle; the Gemm has a row for each position of all pictures in the batch.
 *
 * Results are the same but for the order of sums. The Gemm works on maps with channels last, so that
 * Transposes stand before and after, which meet their opposites between neighbours:
 * {@linkcode sinkLayout} and {@linkcode dropNoOps} remove those. Weights are stored with the taps in
 * front; where a product needs other arrangements, nodes make them from there, which the runtime
 * computes when it loads the model: the file does not grow.
 *
 * Lengths of the map are fixed to those of the sample, the batch is not. Opset 13 or later.
 */
export function convToGemm(
  graph: GraphProto,
  shapes: ShapeMap,
  options: ConvToGemmOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  const { select = () => true, form } = options;
  if (!graph.node.some(({ opType }) => opType === "Conv")) return graph;
  const constants = visibleConstants(graph, context);
  const known = inferShapes(graph, shapes, constants);
  const convs = new Map<NodeProto, Conv>();
  for (const node of graph.node) {
    const read = select(node) ? readConv(node, known, constants) : undefined;
    if (!read || read.group !== 1 || elementCount(read.window.output) > MOST_POSITIONS) continue;
    if (!read.spatialAxes.every((axis) => known.isBatchFree(known.get(node.input[0])!, axis))) {
      continue;
    }
    const classes = tapClasses(read.window);
    // A window that lies in the padding altogether has no product.
    if (classes.every(({ taps }) => taps.length > 0)) convs.set(node, { ...read, classes });
  }
  const chosen = form ? undefined : chooseForms(graph, convs, (name) => constants.has(name));
  return replaceNodes(graph, context, (node, write) => {
    const conv = convs.get(node);
    const shape = conv && (form ? form(conv) : chosen?.get(node));
    if (!shape || (shape === "dense" && !isDense(conv))) return undefined;
    return known.fix(node.input[0], conv.spatialAxes) && WRITERS[shape](conv, write);
  });
}

/** On larger maps a Conv keeps the runtime's kernel busy, and lists of positions would grow long. */
const MOST_POSITIONS = 4096;

type Conv = PlainConv & ReadConv;

const WRITERS: Readonly<Record<GemmForm, (conv: Conv, write: NodeWriter) => string>> = {
  im2col(conv, write) {
    const { classes, window, channels } = conv;
    const [positions, places] = [elementCount(window.output), elementCount(window.input)];
    const taps = elementCount(window.kernel);
    const padding = places; // the row of zeros that is added behind all others
    const reads = new Array<number>(positions * taps).fill(padding);
    for (const { positions, taps: inside, reads: read } of classes) {
      positions.forEach((position, i) =>
        inside.forEach((tap, j) => reads[position * taps + tap] = read[i * inside.length + j]!)
      );
    }
    let rows = write.reshape(channelsLast(conv, write), [-1, places, channels]);
    if (reads.includes(padding)) rows = zeroBehind(rows, write);
    const patches = gatherRows(rows, reads, places, write);
    const matrix = write.weight(conv.node.input[1]!, "matrix", () => {
      return { ...tapsFirst(conv), dims: [taps * channels, conv.filters] };
    });
    const flat = write.reshape(patches, [-1, taps * channels]);
    const product = write.add("Gemm", [flat, matrix, ...bias(conv)]);
    return channelsFirst(product, conv, write);
  },

  perRow: (conv, write) => products(conv, rowClasses(conv), write),

  perPosition: (conv, write) => products(conv, conv.classes, write),

  dense(conv, write) {
    const { classes, window, channels, filters, node } = conv;
    const [positions, places] = [elementCount(window.output), elementCount(window.input)];
    const connects = new Array<number>(places * positions);
    for (const { positions: own, taps, reads } of classes) {
      own.forEach((position, i) =>
        taps.forEach((tap, j) => connects[reads[i * taps.length + j]! * positions + position] = tap)
      );
    }
    const kernel = write.weight(node.input[1]!, "taps", () => tapsFirst(conv));
    const spread = write.gather(kernel, connects, 0);
    const whole = write.reshape(spread, [places, positions, channels, filters]);
    const turned = write.add("Transpose", [whole], { perm: [0, 2, 1, 3] });
    const matrix = write.reshape(turned, [places * channels, positions * filters]);
    const flat = write.reshape(channelsLast(conv, write), [-1, places * channels]);
    const repeated = conv.bias && [write.weight(node.input[2]!, `bias_${positions}`, () => {
      const { data } = conv.bias!;
      const all = new Float32Array(positions * filters).map((_, i) => data[i % filters]!);
      return { type: "float32", dims: [all.length], data: all };
    })];
    const product = write.add("Gemm", [flat, matrix, ...repeated ?? []]);
    return channelsFirst(product, conv, write);
  },
};

/**
 * A product for each class, of the rows that its positions read by the part of the kernel that its taps
 * are. What has one position comes as it is multiplied from a single Gather, the rest from one for each.
 */
function products(conv: Conv, classes: readonly TapClass[], write: NodeWriter): string {
  const { window, channels, filters } = conv;
  const places = elementCount(window.input);
  let rows = write.reshape(channelsLast(conv, write), [-1, places, channels]);
  if (classes.some(({ reads }) => reads.includes(places))) rows = zeroBehind(rows, write);
  const matrices = matricesOf(conv, classes, write);
  const single = classes.filter(({ positions }) => positions.length === 1);
  const cut = gatherTogether(rows, single, conv, write);
  const parts = classes.map((one, i) => {
    const { positions, taps, reads } = one;
    const flat = cut.get(one) ??
      write.reshape(gatherRows(rows, reads, places, write), [-1, taps.length * channels]);
    const product = write.add("Gemm", [flat, matrices[i]!, ...bias(conv)]);
    const isRow = positions.length === 1; // of a picture, as it is joined
    return isRow ? product : write.reshape(product, [-1, positions.length * filters]);
  });
  const order = classes.flatMap(({ positions }) => positions);
  let joined = parts[0]!;
  if (parts.length > 1) joined = write.add("Concat", parts, { axis: 1 });
  if (order.some((position, i) => position !== i)) {
    const whole = write.reshape(joined, [-1, order.length, filters]);
    const back = order.map((_, position) => order.indexOf(position));
    joined = write.gather(whole, back, 1);
  }
  return channelsFirst(joined, conv, write);
}

/** The rows of several classes of one position each, gathered at once: cut, they need no Reshape. */
function gatherTogether(
  rows: string,
  classes: readonly TapClass[],
  { channels, window }: Conv,
  write: NodeWriter,
): Map<TapClass, string> {
  if (classes.length < 2) return new Map();
  const reads = classes.flatMap((one) => one.reads);
  const gathered = gatherRows(rows, reads, elementCount(window.input), write);
  const flat = write.reshape(gathered, [-1, reads.length * channels]);
  const parts = write.split(flat, classes.map((one) => one.reads.length * channels), 1);
  return new Map(classes.map((one, i) => [one, parts[i]!]));
}

/** The part of the kernel that each class multiplies by, [taps * channels, filters]. */
function matricesOf(conv: Conv, classes: readonly TapClass[], write: NodeWriter): string[] {
  const { window, channels, filters } = conv;
  const kernel = write.weight(conv.node.input[1]!, "taps", () => tapsFirst(conv));
  const taps = classes.flatMap((one) => one.taps);
  const [first] = classes;
  const isWhole = classes.length === 1 && first!.taps.length === elementCount(window.kernel);
  const gathered = isWhole ? kernel : write.gather(kernel, taps, 0);
  const matrix = write.reshape(gathered, [taps.length * channels, filters]);
  return write.split(matrix, classes.map((one) => one.taps.length * channels), 0);
}

/** One more row, of zeros, which is what positions read in the padding. */
function zeroBehind(rows: string, write: NodeWriter): string {
  return write.add("Pad", [rows, write.int64([0, 0, 0, 0, 1, 0])]);
}

function bias({ node }: Conv): string[] {
  return node.input[2] ? [node.input[2]] : [];
}

/** The map with its channels last, [batch, ...places, channels]. */
function channelsLast({ node, spatialAxes }: Conv, write: NodeWriter): string {
  return write.add("Transpose", [node.input[0]!], { perm: [0, ...spatialAxes, 1] });
}

/** [batch, ...positions, filters], in whatever shape it comes, with its channels in front. */
function channelsFirst(x: string, { window, filters, spatialAxes }: Conv, write: NodeWriter) {
  const last = write.reshape(x, [-1, ...window.output, filters]);
  const perm = [0, spatialAxes.length + 1, ...spatialAxes.map((axis) => axis - 1)];
  return write.add("Transpose", [last], { perm });
}

/** Rows of [batch, places, channels]; the value itself if those are all in order. */
function gatherRows(
  rows: string,
  reads: readonly number[],
  places: number,
  write: NodeWriter,
): string {
  if (reads.length === places && reads.every((place, i) => place === i)) return rows;
  return write.gather(rows, reads, 1);
}

/** A kernel [filters, channels, ...taps] as [taps, channels, filters]. */
function tapsFirst({ weight, channels, filters }: Conv): Tensor<"float32"> {
  const taps = weight.data.length / (channels * filters);
  const data = new Float32Array(weight.data.length);
  let from = 0;
  for (let f = 0; f < filters; f++) {
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < taps; t++) data[(t * channels + c) * filters + f] = weight.data[from++]!;
    }
  }
  return { type: "float32", dims: [taps, channels, filters], data };
}
