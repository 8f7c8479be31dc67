import { constants, graphInputs, producers, valueTypes } from "../onnx/graph.ts";
import { intAttribute } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import type { ElementType, Tensor } from "../tensor/tensor.ts";
import { isFloat, toNumbers } from "./classes.ts";
import { dataLengths } from "./data_lengths.ts";

/** What is known of an output, from the graph and from what it gave for some samples. */
export interface OutputFacts {
  readonly name: string;
  readonly type: ElementType;
  /** Of a sample where one was run, else as declared. Undefined: unknown rank. */
  readonly dims?: readonly (number | string | null)[] | undefined;
  /** The operator that makes its values, behind those that only move them: `Softmax`, `Gemm`, `L2`. */
  readonly end: string;
  /** Axis of a Softmax at its end, counted from the last: -1. */
  readonly axis?: number;
  /** Its length depends on the data. */
  readonly lengthVaries: boolean;
  /** TopK or NonMaxSuppression chooses what is in it. */
  readonly isRanked: boolean;
  /** It is fed back to the network as an input. */
  readonly isState: boolean;
  /** What all its rows along the last axis are, where samples were run. */
  readonly rows?: "probabilities" | "log-probabilities" | "unit vectors";
}

/** Looks at the outputs of a graph. Those that are no tensors are left out. */
export function outputFacts(
  graph: GraphProto,
  results: readonly Readonly<Record<string, Tensor>>[] = [],
): OutputFacts[] {
  const makers = producers(graph);
  const varying = dataLengths(graph);
  const ranked = below(graph, new Set(["TopK", "NonMaxSuppression"]));
  const takesState = graphInputs(graph).some(({ name }) => STATE_IN.test(name));
  return valueTypes(graph).outputs.map(({ name, type, dims }) => {
    const { op, axis } = endOf(name, makers, graph);
    const seen = results.flatMap((result) => result[name] ?? []);
    const rows = isFloat(type) ? rowsOf(seen) : undefined;
    return {
      ...{ name, type, dims: seen[0]?.dims ?? dims, end: op },
      ...(axis !== undefined && { axis }),
      lengthVaries: varying.has(name),
      isRanked: ranked.has(name),
      isState: takesState && STATE_OUT.test(name) && !/last_hidden|hidden_states/i.test(name),
      ...(rows && { rows }),
    };
  });
}

const STATE_IN = /past|cache|state|^h_?0|^c_?0|^h_?in|^c_?in|mem/i;
const STATE_OUT = /^present|past|cache|state|^h_?[nt]?$|^c_?[nt]?$|^h_?out|^c_?out|mem/i;

/** Operators that move values and leave them as they are, or cast them. */
const MOVES: ReadonlySet<string> = new Set([
  "Cast",
  "Dropout",
  "Flatten",
  "Identity",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/** What makes the values of an output, behind moves and what scales or shifts them by constants. */
function endOf(
  name: string,
  makers: ReadonlyMap<string, NodeProto>,
  graph: GraphProto,
): { readonly op: string; readonly axis?: number } {
  const known = constants(graph);
  let moved = false;
  let value = name;
  for (;;) {
    const node = makers.get(value);
    if (!node) return { op: "" };
    const { opType, input } = node;
    const varying = input.filter((name) => name !== "" && !known.has(name));
    const isAffine = /^(Add|Sub|Mul|Div)$/.test(opType) && varying.length === 1 &&
      input.length === 2;
    if (MOVES.has(opType) || isAffine && varying[0] === input[0] || isAffine && opType !== "Div") {
      moved ||= opType !== "Cast" && opType !== "Identity" && opType !== "Dropout" && !isAffine;
      value = MOVES.has(opType) ? input[0]! : varying[0]!;
      continue;
    }
    if (opType === "Div" && normOf(input[1]!, makers)) return { op: normOf(input[1]!, makers)! };
    if (opType === "LpNormalization") return { op: "L2" };
    if (!/^(Log)?Softmax$/.test(opType)) return { op: opType };
    const rank = graph.output.find((info) => info.name === name)?.type?.value;
    const length = rank?.case === "tensorType" ? rank.value.shape?.dim.length : undefined;
    const axis = intAttribute(node, "axis", -1);
    const fromEnd = axis < 0 ? axis : length === undefined ? undefined : axis - length;
    return { op: opType, ...(!moved && fromEnd !== undefined && { axis: fromEnd }) };
  }
}

/** What a value is divided by: its length, or its deviation as in a LayerNormalization in parts. */
function normOf(
  divisor: string,
  makers: ReadonlyMap<string, NodeProto>,
): "L2" | "LayerNormalization" | undefined {
  let value = divisor;
  let hasRoot = false;
  for (let steps = 0; steps < 8; steps++) {
    const node = makers.get(value);
    if (!node) return undefined;
    if (node.opType === "ReduceL2") return "L2";
    if (node.opType === "Sqrt") hasRoot = true;
    if (/^ReduceSum/.test(node.opType)) return hasRoot ? "L2" : undefined;
    if (node.opType === "ReduceMean") return hasRoot ? "LayerNormalization" : undefined;
    if (!/^(Sqrt|Clip|Max|Expand|Unsqueeze|Reshape|Add|Cast|Identity)$/.test(node.opType)) {
      return undefined;
    }
    value = node.input[0]!;
  }
  return undefined;
}

/** Values that follow from what nodes of some operators give. */
function below(graph: GraphProto, operators: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  for (const { opType, input, output } of graph.node) { // in topological order
    if (!operators.has(opType) && !input.some((name) => found.has(name))) continue;
    for (const name of output) found.add(name);
  }
  return found;
}

/** How far a sum of float32 may be from 1. */
const NEAR_ONE = 1e-3;

/** What all rows of some tensors are. A row of one value is nothing special. */
function rowsOf(tensors: readonly Tensor[]): OutputFacts["rows"] {
  const all = { "probabilities": true, "log-probabilities": true, "unit vectors": true };
  let count = 0;
  for (const tensor of tensors) {
    const length = tensor.dims.at(-1) ?? 1;
    if (length < 2) return undefined;
    const values = toNumbers(tensor);
    for (let start = 0; start < values.length; start += length) {
      let [sum, squares, odds, least, most] = [0, 0, 0, Infinity, -Infinity];
      for (let i = start; i < start + length; i++) {
        const x = values[i]!;
        sum += x;
        squares += x * x;
        odds += Math.exp(x);
        least = Math.min(least, x);
        most = Math.max(most, x);
      }
      const isOne = (x: number) => Math.abs(x - 1) < NEAR_ONE;
      all.probabilities &&= isOne(sum) && least >= 0;
      all["log-probabilities"] &&= isOne(odds) && most <= 0;
      all["unit vectors"] &&= isOne(squares);
      count++;
    }
  }
  if (count < 2) return undefined; // one may be so by chance
  return (Object.keys(all) as (keyof typeof all)[]).find((kind) => all[kind]);
}
