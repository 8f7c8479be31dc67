import { consumers, pinned } from "../onnx/graph.ts";
import { intsAttribute, isStandard } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { inferShapes } from "./infer_shapes.ts";
import { type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { type Phases, phasesAlong } from "./phases.ts";
import { type ReadConvTranspose, readConvTranspose } from "./read_conv_transpose.ts";
import { type NodeWriter, replaceNodes, type RewriteOptions } from "./replacement.ts";

/**
 * Writes ConvTranspose nodes (1d and 2d) as one Conv of stride 1 for each phase, which is the outputs that
 * lie a whole number of strides apart: a 4x4 kernel of stride 2 is four 2x2 kernels. All phases have as
 * many outputs; what lies beyond the end is cut off after they are joined.
 *
 * There are int8 kernels for Conv and none for ConvTranspose (kernel fact int8-conv-transpose). A Relu, Clip or LeakyRelu that alone reads
 * the result goes into the phases, where it costs nothing.
 *
 * Results are the same but for the order of sums. Open lengths of a 2d map are fixed to those of the
 * sample if its strides differ; others, and the batch, stay open. Opset 13 or later.
 */
export function convTransposeToConv(
  graph: GraphProto,
  shapes: ShapeMap,
  options: RewriteOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  const { select = () => true } = options;
  if (!graph.node.some(({ opType }) => opType === "ConvTranspose")) return graph;
  const constants = visibleConstants(graph, context);
  const known = inferShapes(graph, shapes, constants);
  const [readers, kept] = [consumers(graph), pinned(graph)];
  const absorbed = new Set<NodeProto>();
  return replaceNodes(graph, context, (node, write) => {
    // What the phases have done already; `dropIdentity()` removes it.
    if (absorbed.has(node)) return write.add("Identity", [node.input[0]!]);
    const read = select(node) ? readConvTranspose(node, known, constants) : undefined;
    if (!read || read.axes.length > 2) return undefined;
    const phases = read.axes.flatMap((axis) => phasesAlong(axis) ?? []);
    const count = phases.reduce((product, { phases }) => product * phases.length, 1);
    if (phases.length < read.axes.length || count > MOST_PHASES) return undefined;
    // Where the output has a fixed length, what is cut off depends on the input's.
    if (intsAttribute(node, "output_shape") && !known.fix(node.input[0], spatialAxes(read))) {
      return undefined;
    }
    const join = count === 1 ? (z: string) => z : joinOf(read, phases, known);
    if (!join) return undefined;
    const behind = kept.has(node.output[0]!) ? [] : readers.get(node.output[0]!) ?? [];
    const [activation] = behind.length === 1 && isActivation(behind[0]!, node, constants)
      ? behind
      : [];
    if (activation) absorbed.add(activation);
    return join(writePhases(read, phases, activation, write), write);
  });
}

/** More nodes than that take their time, whatever they do. */
const MOST_PHASES = 16;

const ACTIVATIONS: ReadonlySet<string> = new Set(["Relu", "Clip", "LeakyRelu"]);

/** Whether a node is an activation of what another gives, with its parameters known beforehand. */
function isActivation(
  reader: NodeProto,
  { output }: NodeProto,
  constants: ReadonlyMap<string, unknown>,
): boolean {
  const [x, ...parameters] = reader.input;
  return ACTIVATIONS.has(reader.opType) && isStandard(reader) && x === output[0] &&
    parameters.every((name) => name === "" || constants.has(name));
}

function spatialAxes({ axes }: ReadConvTranspose): number[] {
  return axes.map((_, i) => i + 2);
}

/** A Conv for each phase, those of the last axis next to each other, joined along the channels. */
function writePhases(
  read: ReadConvTranspose,
  phases: readonly Phases[],
  activation: NodeProto | undefined,
  write: NodeWriter,
): string {
  const { node, group } = read;
  const parts = combinations(phases.map(({ phases }) => phases)).map((phase) => {
    const taps = phase.map(({ taps }) => taps);
    const weight = write.weight(
      node.input[1]!,
      `phase_${taps.map((t) => t.join("_")).join("x")}`,
      () => kernelOf(read, taps),
    );
    const y = write.addCalled("Phase", "Conv", [node.input[0]!, weight, ...node.input.slice(2)], {
      kernel_shape: taps.map(({ length }) => length),
      pads: [...phase.map(({ begin }) => begin), ...phase.map(({ end }) => end)],
      ...group > 1 && { group },
    });
    return activation ? write.again(activation, [y, ...activation.input.slice(1)]) : y;
  });
  return parts.length === 1 ? parts[0]! : write.add("Concat", parts, { axis: 1 });
}

/** Every choice of one of each list; the last list runs fastest. */
function combinations<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>(
    (chosen, list) => chosen.flatMap((some) => list.map((one) => [...some, one])),
    [[]],
  );
}

/** The kernel [filters, channels / group, ...taps] of a phase, of taps along each axis. */
function kernelOf(
  { weight, group, channels, filters, axes }: ReadConvTranspose,
  taps: readonly (readonly (number | undefined)[])[],
): Tensor<"float32"> {
  const places = combinations(taps);
  const [inputs, outputs] = [channels / group, filters / group];
  const all = elementCount(axes.map(({ kernel }) => kernel));
  const data = new Float32Array(filters * inputs * places.length);
  places.forEach((place, p) => {
    const tap = place.reduce<number>((sum, one, i) => sum * axes[i]!.kernel + (one ?? NaN), 0);
    if (Number.isNaN(tap)) return; // zeros
    for (let f = 0; f < filters; f++) {
      const first = Math.floor(f / outputs) * inputs; // channel that its group begins with
      for (let c = 0; c < inputs; c++) {
        const from = ((first + c) * outputs + f % outputs) * all + tap;
        data[(f * inputs + c) * places.length + p] = weight.data[from]!;
      }
    }
  });
  return { type: "float32", dims: [filters, inputs, ...taps.map(({ length }) => length)], data };
}

type Join = (z: string, write: NodeWriter) => string;

/**
 * What lays the phases, which are so many times the channels, side by side and cuts off the surplus:
 * rows of channels are moved, which takes less than a DepthToSpace. That is for maps of open lengths.
 */
function joinOf(
  read: ReadConvTranspose,
  phases: readonly Phases[],
  known: ShapeMap,
): Join | undefined {
  const { node, filters, axes } = read;
  const strides = axes.map(({ stride }) => stride);
  const spatial = spatialAxes(read);
  const open = known.stillOpen(node.input[0])!;
  const isOpen = spatial.some((axis) => open.depends[axis]!.length > 0);
  if (axes.length === 2 && isOpen && strides[0] === strides[1]) {
    return (z, write) => {
      const y = write.add("DepthToSpace", [z], { blocksize: strides[0]! });
      return cut(y, 2, phases, write);
    };
  }
  if (axes.length > 1 && !known.fix(node.input[0], spatial)) return undefined;
  const back = [0, axes.length + 1, ...spatial.map((axis) => axis - 1)];
  return (z, write) => {
    let rows = write.add("Transpose", [z], { perm: [0, ...spatial, 1] });
    if (axes.length > 1) {
      const outputs = phases.map(({ outputs }) => outputs);
      rows = write.reshape(rows, [-1, ...outputs, ...strides, filters]);
      const perm = [
        0,
        ...axes.flatMap((_, i) => [1 + i, 1 + axes.length + i]),
        2 * axes.length + 1,
      ];
      rows = write.add("Transpose", [rows], { perm });
      rows = write.reshape(rows, [-1, ...outputs.map((n, i) => n * strides[i]!), filters]);
    } else rows = write.reshape(rows, [0, -1, filters]);
    return write.add("Transpose", [cut(rows, 1, phases, write)], { perm: back });
  };
}

/** A value without the surplus of each axis, of which the first is at `first`. */
function cut(x: string, first: number, phases: readonly Phases[], write: NodeWriter): string {
  const ends = phases.flatMap(({ surplus }, i) =>
    surplus > 0 ? [{ axis: first + i, surplus }] : []
  );
  if (ends.length === 0) return x;
  return write.add("Slice", [
    x,
    write.int64(ends.map(() => 0)),
    write.int64(ends.map(({ surplus }) => -surplus)),
    write.int64(ends.map(({ axis }) => axis)),
  ]);
}
