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
  const { node, reversed, hidden, batchFirst } = layer;
  const emit = new Emitter(fresh, node.name || node.opType);
  const [timeAxis, batchAxis] = batchFirst ? [1, 0] : [0, 1];
  const parts = projectInputs(layer, cell, emit.within("input"));

  const state = emit.within("state");
  const initial = initialStates(layer, state, batchAxis);
  const mask = layer.lengths && stepsInside(layer, layer.lengths, state, timeAxis);

  const recurrent = emit.within("recurrent");
  const { body, scanned, directions, sequences } = writeBody(layer, cell, {
    ...{ parts, mask, recurrent },
    emit: new Emitter(fresh, `${node.name || node.opType}/recurrent`),
  });
  const finals = reversed.map(() => state.name("last"));
  const steps = Array.from({ length: sequences }, () => state.name("steps"));
  recurrent.nodes.push(makeNode("Scan", [...initial, ...scanned], [...finals, ...steps], {
    body,
    num_scan_inputs: scanned.length,
    scan_input_axes: scanned.map(() => timeAxis),
    scan_input_directions: directions,
    scan_output_axes: steps.map(() => timeAxis),
    scan_output_directions: steps.map((_, d) => reversed[d] ? 1 : 0),
  }, { name: recurrent.name("Scan") }));

  const [sequence = "", last = ""] = node.output;
  // Y is [time, directions, batch, hidden], or [batch, time, directions, hidden].
  if (sequence) {
    const shape = batchFirst ? [0, 0, 1, hidden] : [0, 1, -1, hidden];
    joinAs(sequence, steps, shape, batchFirst ? 2 : 1, emit);
  }
  // Y_h is [directions, batch, hidden], or [batch, directions, hidden].
  if (last) {
    const shape = batchFirst ? [-1, 1, hidden] : [1, -1, hidden];
    const states = layer.lengths ? withoutEmpty(finals, layer.lengths, state) : finals;
    joinAs(last, states, shape, batchFirst ? 1 : 0, emit);
  }
  return { nodes: emit.nodes, initializers: emit.initializers };
}

/** The projection of all steps' inputs, in the parts that the steps read, direction by direction. */
function projectInputs(
  { reversed, hidden, weight, x }: RecurrentLayer,
  cell: Cell,
  emit: Emitter,
): string[] {
  const rows = cell.parts.reduce((sum, width) => sum + width, 0) * hidden;
  const matrix = emit.reshape(weight, [reversed.length * rows, -1]);
  const transposed = emit.add("Transpose", [matrix], { perm: [1, 0] });
  const product = emit.add("MatMul", [x, transposed]);
  const bias = cell.inputBias(emit);
  const projected = bias === undefined ? product : emit.add("Add", [product, bias]);
  const widths = reversed.flatMap(() => cell.parts.map((width) => width * hidden));
  return emit.split(projected, widths, 2);
}

/** What {@linkcode writeBody} works with. */
interface BodyContext {
  /** What {@linkcode projectInputs} gave. */
  readonly parts: readonly string[];
  /** What {@linkcode stepsInside} gave, where sequences have lengths. */
  readonly mask: string | undefined;
  /** Writes beside the Scan what its body reads from around it. */
  readonly recurrent: Emitter;
  /** Writes into the body. */
  readonly emit: Emitter;
}

/** The body of the Scan: one step of each direction. */
interface ScanBody {
  readonly body: GraphProto;
  /** What is scanned, with the direction of each: 1 from the end. */
  readonly scanned: readonly string[];
  readonly directions: readonly number[];
  /** How many sequences it gives besides the states: one for each direction, or none. */
  readonly sequences: number;
}

function writeBody(
  { node, reversed, hidden, lengths }: RecurrentLayer,
  cell: Cell,
  { parts, mask, recurrent, emit }: BodyContext,
): ScanBody {
  const zero = lengths ? emit.constant("zero", float32([], [0])) : "";
  const inputs = { states: [] as string[], scanned: [] as string[] };
  const outputs = { states: [] as string[], scanned: [] as string[] };
  const weights = cell.weights(recurrent);
  const scanned: string[] = [];
  const directions: number[] = [];
  reversed.forEach((backwards, d) => {
    const before = emit.name("state");
    inputs.states.push(before);
    const own = parts.slice(d * cell.parts.length, (d + 1) * cell.parts.length);
    const slices = own.map(() => emit.name("input"));
    const computed = cell.step(emit, d, before, slices, weights[d]!);
    let after = computed;
    let output = computed;
    if (mask) {
      const inside = emit.name("inside");
      after = emit.add("Where", [inside, computed, before]);
      output = emit.add("Where", [inside, computed, zero]);
      slices.push(inside);
      own.push(mask);
    }
    // A body that lists one value as two outputs is computed wrongly by onnxruntime, without a word.
    if (output === after) output = emit.add("Identity", [after]);
    inputs.scanned.push(...slices);
    scanned.push(...own);
    directions.push(...own.map(() => backwards ? 1 : 0));
    outputs.states.push(after);
    if (node.output[0]) outputs.scanned.push(output);
  });

  const float = (name: string, width?: number) => valueInfo(name, DataType.FLOAT, width);
  const body: GraphProto = create(GraphProtoSchema, {
    name: `${node.name || node.opType}/step`,
    node: emit.nodes,
    initializer: emit.initializers,
    input: [
      ...inputs.states.map((name) => float(name, hidden)),
      ...inputs.scanned.map((name, i) =>
        scanned[i] === mask ? valueInfo(name, DataType.BOOL, 1) : float(name)
      ),
    ],
    output: [...outputs.states, ...outputs.scanned].map((name) => float(name, hidden)),
  });
  return { body, scanned, directions, sequences: outputs.scanned.length };
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
