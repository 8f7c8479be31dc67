import { create } from "@bufbuild/protobuf";
import { makeNode } from "../onnx/node.ts";
import {
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import { float32 } from "../tensor/tensor.ts";
import { Emitter } from "./emitter.ts";
import type { RecurrentLayer } from "./recurrent.ts";

/** How one step of a layer is computed. */
export interface Cell {
  /** Widths, in hidden units, of the parts of the input projection that a step reads. */
  readonly parts: readonly number[];
  /** Writes the bias that joins the input projection, of all directions; undefined without one. */
  inputBias(emit: Emitter): string | undefined;
  /**
   * Writes what each direction computes with at every step: its recurrent weights, as matrices that a
   * state is multiplied by from the left, and biases. Called after `inputBias`.
   */
  weights(emit: Emitter): readonly (readonly string[])[];
  /** Writes one step. @returns The new state. */
  step(
    emit: Emitter,
    direction: number,
    state: string,
    parts: readonly string[],
    weights: readonly string[],
  ): string;
}

/** What {@linkcode writeScan} wrote. */
export interface WrittenScan {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
}

/**
 * Writes a recurrent layer as one MatMul that projects the inputs of all steps, and a Scan over the
 * steps with what depends on the state. Both directions share the MatMul and the Scan.
 *
 * A step beyond the length of its sequence keeps the state and gives 0, so that a reversed direction
 * starts at the last step of each sequence with the initial state, as ONNX defines it.
 */
export function writeScan(
  layer: RecurrentLayer,
  cell: Cell,
  fresh: (base: string) => string,
): WrittenScan {
  const { node, reversed, lengths } = layer;
  const scope = node.name || node.opType;
  const emit = new Emitter(fresh, scope);
  const [timeAxis, batchAxis] = layer.batchFirst ? [1, 0] : [0, 1];
  const parts = projectInputs(layer, cell, emit.within("input"));

  const state = emit.within("state");
  const initial = initialStates(layer, state, batchAxis);
  const mask = lengths && stepsInside(layer, lengths, state, timeAxis);

  const [sequence = "", last = ""] = node.output;
  const recurrent = emit.within("recurrent");
  const body = new Emitter(fresh, `${scope}/recurrent`);
  const directions = writeSteps(layer, cell, { body, weightsTo: recurrent, parts, mask });

  const scanned = directions.flatMap(({ scanned }) => scanned);
  const finals = directions.map(() => state.name("last"));
  const steps = sequence ? directions.map(() => state.name("steps")) : [];
  const inputs = [...initial, ...scanned.map(({ outer }) => outer)];
  recurrent.nodes.push(makeNode("Scan", inputs, [...finals, ...steps], {
    body: bodyGraph(layer, body, directions, mask),
    num_scan_inputs: scanned.length,
    scan_input_axes: scanned.map(() => timeAxis),
    scan_input_directions: directions.flatMap(({ scanned }, d) =>
      scanned.map(() => reversed[d] ? 1 : 0)
    ),
    scan_output_axes: steps.map(() => timeAxis),
    scan_output_directions: steps.map((_, d) => reversed[d] ? 1 : 0),
  }, { name: recurrent.name("Scan") }));

  if (sequence) joinSteps(sequence, steps, layer, emit);
  if (last) joinStates(last, lengths ? withoutEmpty(finals, lengths, state) : finals, layer, emit);
  return { nodes: emit.nodes, initializers: emit.initializers };
}

/** Projects the inputs of all steps at once. @returns The parts for each direction. */
function projectInputs(layer: RecurrentLayer, cell: Cell, emit: Emitter): string[][] {
  const { reversed, hidden } = layer;
  const rows = cell.parts.reduce((sum, width) => sum + width, 0) * hidden;
  const matrix = emit.reshape(layer.weight, [reversed.length * rows, -1]);
  const weight = emit.add("Transpose", [matrix], { perm: [1, 0] });
  const product = emit.add("MatMul", [layer.x, weight]);
  const bias = cell.inputBias(emit);
  const projected = bias === undefined ? product : emit.add("Add", [product, bias]);
  const widths = reversed.flatMap(() => cell.parts.map((width) => width * hidden));
  const parts = emit.split(projected, widths, 2);
  const each = cell.parts.length;
  return reversed.map((_, d) => parts.slice(d * each, (d + 1) * each));
}

/** One direction in the body of the Scan. */
interface Direction {
  /** State before the step, an input of the body, and after it, an output. */
  readonly before: string;
  readonly after: string;
  /** What the step gives to the sequence of outputs. */
  readonly output: string;
  /** Values that are cut into steps: their names outside, and those of a step in the body. */
  readonly scanned: readonly { readonly outer: string; readonly inner: string }[];
}

interface StepsOptions {
  readonly body: Emitter;
  /** Writer of what all steps compute with. */
  readonly weightsTo: Emitter;
  /** Projected inputs of each direction. */
  readonly parts: readonly (readonly string[])[];
  /** Whether a step is one of its sequence, if sequences have lengths. */
  readonly mask: string | undefined;
}

/** Writes one step of each direction. */
function writeSteps(
  layer: RecurrentLayer,
  cell: Cell,
  { body, weightsTo, parts, mask }: StepsOptions,
): Direction[] {
  const zero = mask ? body.constant("zero", float32([], [0])) : "";
  const weights = cell.weights(weightsTo);
  return layer.reversed.map((_, d): Direction => {
    const before = body.name("state");
    const scanned = parts[d]!.map((outer) => ({ outer, inner: body.name("input") }));
    const slices = scanned.map(({ inner }) => inner);
    const computed = cell.step(body, d, before, slices, weights[d]!);
    if (!mask) {
      // A body that lists one value as two outputs is computed wrongly by onnxruntime, without a word.
      return { before, after: computed, output: body.add("Identity", [computed]), scanned };
    }
    const inside = body.name("inside");
    const after = body.add("Where", [inside, computed, before]);
    const output = body.add("Where", [inside, computed, zero]);
    return { before, after, output, scanned: [...scanned, { outer: mask, inner: inside }] };
  });
}

function bodyGraph(
  { node, hidden }: RecurrentLayer,
  body: Emitter,
  directions: readonly Direction[],
  mask: string | undefined,
): GraphProto {
  const float = (name: string, width?: number) => valueInfo(name, DataType.FLOAT, width);
  const outputs = [
    ...directions.map(({ after }) => after),
    ...node.output[0] ? directions.map(({ output }) => output) : [],
  ];
  return create(GraphProtoSchema, {
    name: `${node.name || node.opType}/step`,
    node: body.nodes,
    initializer: body.initializers,
    input: [
      ...directions.map(({ before }) => float(before, hidden)),
      ...directions.flatMap(({ scanned }) => scanned).map(({ outer, inner }) =>
        outer === mask ? valueInfo(inner, DataType.BOOL, 1) : float(inner)
      ),
    ],
    output: outputs.map((name) => float(name, hidden)),
  });
}

/** Makes Y: [time, directions, batch, hidden], or [batch, time, directions, hidden]. */
function joinSteps(
  name: string,
  steps: readonly string[],
  { batchFirst, hidden }: RecurrentLayer,
  emit: Emitter,
): void {
  joinAs(
    name,
    steps,
    batchFirst ? [0, 0, 1, hidden] : [0, 1, -1, hidden],
    batchFirst ? 2 : 1,
    emit,
  );
}

/** Makes Y_h: [directions, batch, hidden], or [batch, directions, hidden]. */
function joinStates(
  name: string,
  states: readonly string[],
  { batchFirst, hidden }: RecurrentLayer,
  emit: Emitter,
): void {
  joinAs(name, states, batchFirst ? [-1, 1, hidden] : [1, -1, hidden], batchFirst ? 1 : 0, emit);
}

/** State of each direction before its first step, [batch, hidden]: zeros if none is given. */
function initialStates(layer: RecurrentLayer, emit: Emitter, batchAxis: number): string[] {
  const { initial, reversed, hidden, batchFirst, x } = layer;
  if (initial) {
    return reversed.map((_, d) =>
      emit.add("Gather", [initial, emit.int64(d)], { axis: batchFirst ? 1 : 0 })
    );
  }
  const shape = emit.add("Shape", [x]);
  const batch = emit.add("Gather", [shape, emit.int64([batchAxis])], { axis: 0 });
  const dims = emit.add("Concat", [batch, emit.int64([hidden])], { axis: 0 });
  const zeros = emit.add("ConstantOfShape", [dims], {
    value: makeTensorProto("", float32([1], [0])),
  });
  return reversed.map(() => zeros);
}

/** Whether each step is one of its sequence, [time, batch, 1] or [batch, time, 1]. */
function stepsInside(
  layer: RecurrentLayer,
  lengths: string,
  emit: Emitter,
  timeAxis: number,
): string {
  const shape = emit.add("Shape", [layer.x]);
  const steps = emit.add("Gather", [shape, emit.int64(timeAxis)], { axis: 0 });
  const range = emit.add("Range", [emit.int64(0), steps, emit.int64(1)]);
  const [across, along] = layer.batchFirst ? [[-1, 1], [1, -1]] : [[1, -1], [-1, 1]];
  const wide = emit.add("Cast", [lengths], { to: DataType.INT64 });
  const inside = emit.add("Less", [emit.reshape(range, along!), emit.reshape(wide, across!)]);
  return emit.reshape(inside, [0, 0, 1]);
}

/**
 * Last states with zeros for sequences of length 0. ONNX leaves them open; this is what onnxruntime's
 * GRU and RNN give.
 */
function withoutEmpty(states: readonly string[], lengths: string, emit: Emitter): string[] {
  const zero = emit.constant("zero", float32([], [0]));
  const wide = emit.add("Cast", [lengths], { to: DataType.INT64 });
  const any = emit.reshape(emit.add("Greater", [wide, emit.int64(0)]), [-1, 1]);
  return states.map((name) => emit.add("Where", [any, name, zero]));
}

/** Gives each direction's value a shape with an axis for it, and joins them under a given name. */
function joinAs(
  name: string,
  values: readonly string[],
  dims: readonly number[],
  axis: number,
  emit: Emitter,
): void {
  const [only] = values;
  if (values.length === 1 && only) {
    const input = [only, emit.int64(dims)];
    emit.nodes.push(makeNode("Reshape", input, [name], {}, { name: emit.name("Reshape") }));
    return;
  }
  const shaped = values.map((value) => emit.reshape(value, dims));
  emit.nodes.push(makeNode("Concat", shaped, [name], { axis }, { name: emit.name("Concat") }));
}

/** A value of a batch: [batch, width]. */
function valueInfo(name: string, elemType: DataType, width?: number): ValueInfoProto {
  const dims = [undefined, width].map((length) => ({
    value: length === undefined
      ? { case: undefined }
      : { case: "dimValue" as const, value: BigInt(length) },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType, shape: { dim: dims } } } },
  });
}
