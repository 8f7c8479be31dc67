import { pinned } from "../onnx/graph.ts";
import {
  float,
  floatAttribute,
  intAttribute,
  intsAttribute,
  isStandard,
  makeNode,
  stringAttribute,
  withAttributes,
} from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { elementCount } from "../tensor/tensor.ts";
import {
  type ChannelAffine,
  channelAffine,
  type ChannelAxis,
  isArithmetic,
} from "./channel_affine.ts";
import { biasName, Parameters, rounded, scaleRuns } from "./parameters.ts";
import { type PassContext, rootContext, visibleRanks } from "./pass.ts";

/**
 * Moves the scale and shift of a BatchNormalization, or of a Mul, Div, Add or Sub by one number, into
 * the weight and bias of the Conv, Gemm or MatMul layers that read it, where that is exact: all its
 * readers can take it, and a shift does not meet padding, which is 0 after the shift and not before.
 *
 * W (scale x + shift) + b = (W scale) x + (W shift + b), over the input channels.
 */
export function absorbIntoConsumer(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
): GraphProto {
  const parameters = new Parameters(graph, context);
  const ranks = visibleRanks(graph, context);
  const kept = pinned(graph);
  /** What replaces each node; nothing if it was absorbed. */
  const replaced = new Map<NodeProto, readonly NodeProto[]>();
  for (const node of graph.node) {
    const [output = ""] = node.output;
    if (kept.has(output) || replaced.has(node)) continue;
    const input = passedOn(node, parameters, ranks);
    if (input === undefined) continue;
    const readers = parameters.readers(output);
    if (readers.length === 0 || readers.some((reader) => replaced.has(reader))) continue;
    const layers = readers.map((reader) => layerOf(reader, output, ranks, parameters));
    const [first] = layers;
    if (!first || !layers.every((layer) => layer !== undefined)) continue;
    const affines = layers.map((layer) => channelAffine(node, input, layer.axis, parameters));
    const absorbed = layers.map((layer, i) => {
      const affine = affines[i];
      return affine && absorb(layer, affine, input, parameters);
    });
    if (!absorbed.every((result) => result !== undefined)) continue;
    replaced.set(node, []);
    absorbed.forEach((make, i) => {
      const nodes = make();
      context.origins.inherit(nodes[0]!, node, readers[i]!);
      replaced.set(readers[i]!, nodes);
    });
  }
  return parameters.apply(graph.node.flatMap((node) => replaced.get(node) ?? [node]));
}

/** The input that a node scales and shifts without widening it by broadcasting. */
function passedOn(
  node: NodeProto,
  parameters: Parameters,
  ranks: ReadonlyMap<string, number>,
): string | undefined {
  if (!isStandard(node)) return undefined;
  if (node.opType === "BatchNormalization") return node.input[0];
  if (!isArithmetic(node)) return undefined;
  const [a = "", b = ""] = node.input;
  const input = parameters.read(a) ? b : a;
  const constant = parameters.read(input === a ? b : a);
  // x [n, 1, h, w] - mean [1, 3, 1, 1] makes three channels of one, so only single numbers are safe,
  // and those only if they do not add dimensions.
  if (constant?.data.length !== 1) return undefined;
  return constant.dims.length <= (ranks.get(input) ?? 0) ? input : undefined;
}

type Weight = ReturnType<Parameters["read"]> & object;

/** A layer with constant parameters that can take a scale, and maybe a shift, of its input. */
interface Layer {
  readonly node: NodeProto;
  readonly weight: Weight;
  /** Channels of its input. */
  readonly axis: ChannelAxis;
  readonly takesShift: boolean;
  /** Number of outputs. */
  readonly outputs: number;
  /** Elements of the weight that meet the same input and output lie together; so many of them. */
  readonly run: number;
  /** Input and output channel that a run of the weight connects. */
  readonly connects: (run: number) => readonly [input: number, output: number];
}

function layerOf(
  node: NodeProto,
  x: string,
  ranks: ReadonlyMap<string, number>,
  parameters: Parameters,
): Layer | undefined {
  if (!isStandard(node) || node.input[0] !== x || node.input.indexOf(x, 1) > 0) return undefined;
  const weight = parameters.read(node.input[1]);
  if (!weight) return undefined;
  switch (node.opType) {
    case "Conv":
      return convLayer(node, weight);
    case "ConvTranspose":
      return convTransposeLayer(node, weight);
    case "MatMul":
      return linearLayer(node, weight, ranks.get(x));
    case "Gemm":
      return linearLayer(node, weight, 2);
  }
  return undefined;
}

/** Weight [outputs, inputs of a group, ...kernel]. */
function convLayer(node: NodeProto, weight: Weight): Layer {
  const [outputs = 0, inputs = 0, ...kernel] = weight.dims;
  const groups = intAttribute(node, "group", 1);
  const filters = outputs / groups;
  const padded = intsAttribute(node, "pads", []).some((pad) => pad !== 0) ||
    !["NOTSET", "VALID"].includes(stringAttribute(node, "auto_pad", "NOTSET"));
  return {
    node,
    weight,
    axis: { channels: inputs * groups, rank: weight.dims.length, fromEnd: kernel.length },
    takesShift: !padded,
    outputs,
    run: elementCount(kernel),
    connects: (run) => {
      const output = Math.floor(run / inputs);
      return [Math.floor(output / filters) * inputs + run % inputs, output];
    },
  };
}

/** Weight [inputs, outputs of a group, ...kernel]. */
function convTransposeLayer(node: NodeProto, weight: Weight): Layer {
  const [inputs = 0, outputs = 0, ...kernel] = weight.dims;
  return {
    node,
    weight,
    axis: { channels: inputs, rank: weight.dims.length, fromEnd: kernel.length },
    takesShift: false, // fewer weights meet at the borders of its output than inside
    outputs: outputs * intAttribute(node, "group", 1),
    run: elementCount(kernel),
    connects: (run) => [Math.floor(run / outputs), 0],
  };
}

/**
 * Weight [inputs, outputs], or the other way round.
 *
 * @param rank That of what the layer reads, if known.
 */
function linearLayer(node: NodeProto, weight: Weight, rank: number | undefined): Layer | undefined {
  if (weight.dims.length !== 2 || intAttribute(node, "transA", 0) !== 0) return undefined;
  const [rows = 0, columns = 0] = weight.dims;
  const transposed = intAttribute(node, "transB", 0) !== 0;
  return {
    node,
    weight,
    axis: {
      channels: transposed ? columns : rows,
      fromEnd: 0,
      rank: rank ?? 1,
      rankUnknown: rank === undefined,
    },
    takesShift: true,
    outputs: transposed ? rows : columns,
    run: 1,
    connects: (run) => {
      const [row, column] = [Math.floor(run / columns), run % columns];
      return transposed ? [column, row] : [row, column];
    },
  };
}

/**
 * Prepares the layer that takes `affine` of `input`. Undefined if it cannot; else a function that
 * stores its parameters and gives the node, or nodes, in its place.
 */
function absorb(
  layer: Layer,
  affine: ChannelAffine,
  input: string,
  parameters: Parameters,
): (() => NodeProto[]) | undefined {
  const { node, weight, connects } = layer;
  const [, w, oldBias] = node.input as [string, string, string?];
  const scaled = scaleRuns(weight, layer.run, (run) => affine.scale[connects(run)[0]]!);
  if (!scaled) return undefined;
  if (affine.shift.every((shift) => shift === 0)) {
    return () => {
      const rest = node.input.slice(2);
      return [{ ...node, input: [input, parameters.replace(w, scaled, node), ...rest] }];
    };
  }
  if (!layer.takesShift) return undefined;

  const sums = new Float64Array(layer.outputs);
  for (let i = 0; i < weight.data.length; i++) {
    const [from, to] = connects(Math.floor(i / layer.run));
    sums[to]! += weight.data[i]! * affine.shift[from]!;
  }
  const old = parameters.read(oldBias);
  const count = old?.data.length ?? 1;
  if (
    oldBias && (!old || (count !== 1 && (count !== layer.outputs || old.dims.at(-1) !== count)))
  ) {
    return undefined;
  }
  const gemm = node.opType === "Gemm";
  const [alpha, beta] = gemm
    ? [floatAttribute(node, "alpha", 1), floatAttribute(node, "beta", 1)]
    : [1, 1];
  const bias = rounded(
    weight.type,
    [layer.outputs],
    sums.map((sum, i) => alpha * sum + beta * (old?.data[count === 1 ? 0 : i] ?? 0)),
  );
  if (!bias) return undefined;

  return () => {
    const parts = [input, parameters.replace(w, scaled, node)];
    if (node.opType === "MatMul") {
      const product = parameters.fresh(`${node.output[0]}_product`);
      const shift = parameters.add(biasName(w), bias);
      return [
        { ...node, input: parts, output: [product] },
        makeNode("Add", [product, shift], node.output, {}, {
          name: node.name && parameters.fresh(`${node.name}_shift`),
        }),
      ];
    }
    parts.push(
      oldBias ? parameters.replace(oldBias, bias, node) : parameters.add(biasName(w), bias),
    );
    const plain = gemm && beta !== 1 ? withAttributes(node, { beta: float(1) }) : node;
    return [{ ...plain, input: parts }];
  };
}
