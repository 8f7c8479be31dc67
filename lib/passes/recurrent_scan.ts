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
  const rows = cell.parts.reduce((sum, width) => sum + width, 0) * hidden;

  const input = emit.within("input");
  const matrix = input.reshape(layer.weight, [reversed.length * rows, -1]);
  const weight = input.add("Transpose", [matrix], { perm: [1, 0] });
  const product = input.add("MatMul", [layer.x, weight]);
  const bias = cell.inputBias(input);
  const projected = bias === undefined ? product : input.add("Add", [product, bias]);
  const widths = reversed.flatMap(() => cell.parts.map((width) => width * hidden));
  const parts = input.split(projected, widths, 2);

  const state = emit.within("state");
  const initial = initialStates(layer, state, batchAxis);
  const mask = layer.lengths && stepsInside(layer, layer.lengths, state, timeAxis);

  const [sequence = "", last = ""] = node.output;
  const recurrent = emit.within("recurrent");
  const body = new Emitter(fresh, `${node.name || node.opType}/recurrent`);
  const zero = layer.lengths ? body.constant("zero", float32([], [0])) : "";
  const inputs = { states: [] as string[], scanned: [] as string[] };
  const outputs = { states: [] as string[], scanned: [] as string[] };
  const weights = cell.weights(recurrent);
  const scanned: string[] = [];
  const directions: number[] = [];
  reversed.forEach((backwards, d) => {
    const before = body.name("state");
    inputs.states.push(before);
    const own = parts.slice(d * cell.parts.length, (d + 1) * cell.parts.length);
    const slices = own.map(() => body.name("input"));
    const computed = cell.step(body, d, before, slices, weights[d]!);
    let after = computed;
    let output = computed;
    if (mask) {
      const inside = body.name("inside");
      after = body.add("Where", [inside, computed, before]);
      output = body.add("Where", [inside, computed, zero]);
      slices.push(inside);
      own.push(mask);
    }
    // A body that lists one value as two outputs is computed wrongly by onnxruntime, without a word.
    if (output === after) output = body.add("Identity", [after]);
    inputs.scanned.push(...slices);
    scanned.push(...own);
    directions.push(...own.map(() => backwards ? 1 : 0));
    outputs.states.push(after);
    if (sequence) outputs.scanned.push(output);
  });

  const float = (name: string, width?: number) => valueInfo(name, DataType.FLOAT, width);
  const bodyGraph: GraphProto = create(GraphProtoSchema, {
    name: `${node.name || node.opType}/step`,
    node: body.nodes,
    initializer: body.initializers,
    input: [
      ...inputs.states.map((name) => float(name, hidden)),
      ...inputs.scanned.map((name, i) =>
        scanned[i] === mask ? valueInfo(name, DataType.BOOL, 1) : float(name)
      ),
    ],
    output: [...outputs.states, ...outputs.scanned].map((name) => float(name, hidden)),
  });
  const finals = outputs.states.map(() => state.name("last"));
  const steps = outputs.scanned.map(() => state.name("steps"));
  const axes = steps.map(() => timeAxis);
  recurrent.nodes.push(makeNode("Scan", [...initial, ...scanned], [...finals, ...steps], {
    body: bodyGraph,
    num_scan_inputs: scanned.length,
    scan_input_axes: scanned.map(() => timeAxis),
    scan_input_directions: directions,
    scan_output_axes: axes,
    scan_output_directions: steps.map((_, d) => reversed[d] ? 1 : 0),
  }, { name: recurrent.name("Scan") }));

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
