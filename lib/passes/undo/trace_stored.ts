import { intAttribute, isStandard } from "../../onnx/node.ts";
import {
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "../../onnx/onnx_pb.ts";
import { dimsOf, readTensorProto } from "../../onnx/tensor_proto.ts";
import { evaluateNode } from "../evaluate/evaluate_node.ts";
import { LAYING, moveStored, splitStored } from "./move_stored.ts";
import { quantizeConstant } from "./quantize_constant.ts";
import { gridOf, readNumbers, type StoredIntegers, storedIntegers } from "./stored_integers.ts";
import { isConversion } from "./twins.ts";

/** A value that is made of stored integers alone; or of rows of them. */
export interface TracedIntegers {
  readonly stored: StoredIntegers;
  /** Integers yet, floats that no scale has multiplied yet, or done. */
  readonly stage: "integers" | "floats" | "scaled";
  /** The constants that it is made of: the same for the same table. */
  readonly made: string;
  /** The Gather that takes rows of the table. */
  readonly rows?: NodeProto;
  readonly nodes: readonly NodeProto[];
}

/** Where a value comes from. */
export interface TraceScope {
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly makers: ReadonlyMap<string, NodeProto>;
  /** What has been traced so far. */
  readonly traced: ReadonlyMap<string, TracedIntegers>;
}

/**
 * What a node makes of stored integers.
 *
 * @returns Why it cannot be followed, if it should be; undefined for all else.
 */
export function traceNode(
  node: NodeProto,
  scope: TraceScope,
): TracedIntegers | string | undefined {
  const { opType, input } = node;
  if (isConversion(node, "QuantizeLinear")) {
    const stored = quantizeConstant(node, scope.constants);
    return stored && { stored, stage: "integers", made: node.output[0]!, nodes: [node] };
  }
  if (!isStandard(node) && !isConversion(node, "DequantizeLinear")) return undefined;
  if (opType === "Gather") return gathered(node, scope);
  if (opType === "Mul") {
    const [a, b] = [tracedFrom(input[0], scope), tracedFrom(input[1], scope)];
    const at = a?.stage === "floats" ? 0 : b?.stage === "floats" ? 1 : undefined;
    return at === undefined
      ? undefined
      : multiplied(node, at === 0 ? a! : b!, input[1 - at]!, scope);
  }
  const from = tracedFrom(input[0], scope);
  if (!from) return undefined;
  const nodes = [...from.nodes, node];
  if (opType === "DequantizeLinear") {
    return from.stage === "integers" ? dequantized(node, from, scope) : undefined;
  }
  if (opType === "Cast") {
    const isFloat = intAttribute(node, "to", 0) === DataType.FLOAT;
    return from.stage === "integers" && isFloat ? { ...from, nodes, stage: "floats" } : undefined;
  }
  if (opType === "Sub") return subtracted(node, from, scope);
  if (opType === "Clip") return clipped(node, from, scope);
  if (!LAYING.has(opType) || from.rows) return undefined;
  const parameters = input.slice(1).filter((name) => name !== "")
    .map((name) => scope.constants.get(name));
  const read = parameters.flatMap((tensor) => readNumbers(tensor) ?? []);
  if (read.length < parameters.length) return undefined;
  const stored = moveStored(from.stored, node, read);
  return stored && { ...from, nodes, stored, made: node.output[0]! };
}

/** What a Split makes of stored integers, one for each of its outputs. */
export function traceSplit(node: NodeProto, scope: TraceScope): TracedIntegers[] | undefined {
  if (!isStandard(node) || node.opType !== "Split") return undefined;
  const from = tracedFrom(node.input[0], scope);
  const parameters = node.input.slice(1).flatMap((name) =>
    readNumbers(scope.constants.get(name)) ?? []
  );
  if (!from || from.rows || parameters.length < node.input.length - 1) return undefined;
  const nodes = [...from.nodes, node];
  return splitStored(from.stored, node, parameters)?.map((stored, i) => ({
    ...from,
    ...{ nodes, stored, made: node.output[i]! },
  }));
}

function tracedFrom(name: string | undefined, scope: TraceScope): TracedIntegers | undefined {
  const known = scope.traced.get(name ?? "");
  if (known) return known;
  const constant = scope.constants.get(name ?? "");
  const stored = constant && storedIntegers(constant);
  return stored && { stored, stage: "integers", made: name!, nodes: [] };
}

/** Rows of a table of integers. */
function gathered(node: NodeProto, scope: TraceScope): TracedIntegers | undefined {
  const from = tracedFrom(node.input[0], scope);
  if (!from || from.stage !== "integers" || from.rows || scope.constants.has(node.input[1]!)) {
    return undefined;
  }
  return { ...from, rows: node, nodes: [...from.nodes, node] };
}

/** A constant of floats, also one that is stored as float16 behind a Cast. */
function floatsOf(name: string, { constants, makers }: TraceScope) {
  const cast = makers.get(name);
  const stored = constants.get(name) ??
    (cast?.opType === "Cast" && intAttribute(cast, "to", 0) === DataType.FLOAT
      ? constants.get(cast.input[0]!)
      : undefined);
  if (!stored || stored.dataType !== DataType.FLOAT && stored.dataType !== DataType.FLOAT16) {
    return undefined;
  }
  const isCast = !constants.has(name);
  if (isCast !== (stored.dataType === DataType.FLOAT16)) return undefined;
  return {
    dims: dimsOf(stored),
    data: Float32Array.from(readTensorProto(stored).data as Float32Array),
  };
}

/** Floats that are broadcast over integers; over rows of a table they can be rows of their own. */
function floatGrid(name: string, { stored, rows }: TracedIntegers, scope: TraceScope) {
  const { dims } = stored.integers;
  if (rows) {
    const gather = scope.makers.get(name);
    if (gather?.opType === "Gather") {
      const same = gather.input[1] === rows.input[1] &&
        intAttribute(gather, "axis", 0) === intAttribute(rows, "axis", 0);
      const floats = same ? floatsOf(gather.input[0]!, scope) : undefined;
      return floats?.dims.length === dims.length
        ? gridOf(floats.data, floats.dims, dims)
        : undefined;
    }
    const floats = floatsOf(name, scope);
    const isNarrow = floats && floats.dims.length < dims.length && !intAttribute(rows, "axis", 0);
    return floats && (isNarrow || floats.data.length === 1)
      ? gridOf(floats.data, floats.dims, dims)
      : undefined;
  }
  const floats = floatsOf(name, scope);
  return floats && gridOf(floats.data, floats.dims, dims);
}

/** Integers between bounds: what training left of fewer steps than the type has. */
function clipped(node: NodeProto, from: TracedIntegers, { constants }: TraceScope) {
  const bounds = node.input.slice(1).map((name) => constants.get(name));
  const isKnown = bounds.every((bound, i) => bound || node.input[i + 1] === "");
  if (from.stage !== "integers" || from.rows || !isKnown) return undefined;
  const read = bounds.map((bound) => readNumbers(bound));
  const [made] = evaluateNode(node, [from.stored.integers, ...read], Infinity) ?? [];
  if (!made) return undefined;
  const stored = { ...from.stored, integers: made as StoredIntegers["integers"] };
  return { ...from, stored, made: node.output[0]!, nodes: [...from.nodes, node] };
}

function multiplied(node: NodeProto, from: TracedIntegers, by: string, scope: TraceScope) {
  const scale = floatGrid(by, from, scope);
  if (!scale) return undefined;
  const { made, stored } = from;
  const nodes = [...from.nodes, node];
  return {
    ...from,
    nodes,
    made: `${made} ${by}`,
    stage: "scaled",
    stored: { ...stored, scale },
  } as const;
}

function subtracted(node: NodeProto, from: TracedIntegers, scope: TraceScope) {
  if (from.stage !== "floats" || from.stored.zero) return undefined;
  const grid = floatGrid(node.input[1]!, from, scope);
  if (!grid) return undefined;
  const Integers = from.stored.integers.type === "int8" ? Int8Array : Uint8Array;
  const data = Integers.from(grid.data);
  if (data.some((value, i) => value !== grid.data[i])) return undefined;
  const stored = { ...from.stored, zero: { dims: grid.dims, data } };
  return { ...from, stored, made: `${from.made} ${node.input[1]}`, nodes: [...from.nodes, node] };
}

function dequantized(
  node: NodeProto,
  from: TracedIntegers,
  scope: TraceScope,
): TracedIntegers | string {
  const [, scaleName = "", zeroName = ""] = node.input;
  const { dims } = from.stored.integers;
  const zeroTensor = scope.constants.get(zeroName);
  if (scope.constants.get(scaleName)?.dataType === DataType.FLOAT16) return "it makes float16";
  const scales = floatsOf(scaleName, scope);
  if (!scales || zeroName && !zeroTensor) return "its scale or zero point is no float32 constant";
  const zeros = zeroTensor && storedIntegers(zeroTensor)?.integers.data;
  if (zeroTensor && zeros?.length !== scales.data.length) {
    return "it has not as many zero points as scales";
  }
  const stated = intAttribute(node, "axis", 1);
  const axis = stated < 0 ? stated + dims.length : stated;
  const size = intAttribute(node, "block_size", 0);
  const count = scales.data.length;
  const shared = size > 0
    ? dims.map((length, i) => i === axis ? Math.ceil(length / size) : length)
    : dims.map((_, i) => i === axis ? count : 1);
  const fits = size > 0
    ? `${scales.dims}` === `${shared}`
    : count === 1 || dims[axis] === count && scales.dims.length === 1;
  if (!fits) return "its scales do not fit its integers";
  if (from.rows && (size > 0 || count > 1)) return "its scales are not one for all rows";
  return {
    ...from,
    nodes: [...from.nodes, node],
    made: `${from.made} ${scaleName} ${zeroName}`,
    stage: "scaled",
    stored: {
      ...from.stored,
      scale: { dims: shared, data: scales.data },
      ...(zeros && { zero: { dims: shared, data: zeros } }),
      ...(size > 0 && { block: { axis, size } }),
    },
  };
}
