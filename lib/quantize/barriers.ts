import { isStandard, makeNode } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { Builder } from "./builder.ts";
import type { Decisions } from "./decide.ts";
import { STATIC_OPERATORS } from "./operators.ts";
import { INT8_ALREADY } from "./existing_int8.ts";
import type { StaticUnit } from "./static_units.ts";
import { readsAsInt8 } from "./static_results.ts";

/**
 * Operators that the runtime pulls into int8 by itself when they stand between DequantizeLinear and
 * QuantizeLinear: a Conv or Gemm left in float32 there gets its weights quantized per tensor, without
 * a word (kernel fact float-conv-between-int8).
 */
const PULLED: ReadonlySet<string> = new Set([
  "Add",
  "AveragePool",
  "Clip",
  "Concat",
  "Conv",
  "ConvTranspose",
  "Gemm",
  "GlobalAveragePool",
  "LeakyRelu",
  "MatMul",
  "MaxPool",
  "Mul",
  "Resize",
  "Sigmoid",
  "Softmax",
  "Where",
]);

/** Of these, those whose int8 kernel can give float32: what reads their result does not matter. */
const GIVES_FLOAT: ReadonlySet<string> = new Set(["Gemm", "MatMul"]);

/** Tensors at which a node that is to stay in float32 needs a barrier. */
interface Barriers {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Where a float32 node needs a barrier, a `Sum` of one input: it costs a copy, computes nothing, and
 * no rewrite of the runtime moves a change of precision past it.
 */
function barriersOf(
  node: NodeProto,
  decisions: Decisions,
  results: ReadonlyMap<string, StaticUnit>,
): Barriers {
  const none = { inputs: [], outputs: [] };
  if (!isStandard(node) || !PULLED.has(node.opType)) return none;
  const { facts } = decisions;
  if (decisions.of.get(node)?.obstacle === INT8_ALREADY) return none; // and is to stay so
  const activations = node.input.filter((name) => name !== "" && !facts.isConstant(name));
  const readsInt8 = activations.length > 0 &&
    activations.every((name) => comesFromInt8(name, decisions, results));
  const feedsInt8 = node.output.filter((name) => name && feedsQuantize(name, decisions));
  if (node.opType === "MaxPool") {
    // Taking a maximum and quantizing can be swapped, and the runtime swaps them on either side.
    return { inputs: readsInt8 ? activations : [], outputs: feedsInt8 };
  }
  if (readsInt8 && GIVES_FLOAT.has(node.opType)) {
    return { inputs: activations.slice(0, 1), outputs: [] };
  }
  if (!readsInt8 || feedsInt8.length === 0) return none;
  return activations.length === 1
    ? { inputs: activations, outputs: [] }
    : { inputs: [], outputs: feedsInt8 };
}

/**
 * Whether a float32 tensor was dequantized last, be it before nodes that only move it: the runtime makes
 * these move integers.
 */
function comesFromInt8(
  name: string,
  decisions: Decisions,
  results: ReadonlyMap<string, StaticUnit>,
): boolean {
  for (let from = name; !results.has(from);) {
    const maker = decisions.facts.maker(from);
    if (maker?.opType === "DequantizeLinear") return true;
    if (!maker?.input[0] || !onlyMoves(maker, decisions)) return false;
    from = maker.input[0];
  }
  return true;
}

/**
 * Whether a float32 tensor is quantized next, be it behind nodes that only move it, or a Relu that
 * quantizing makes vanish.
 */
function feedsQuantize(name: string, decisions: Decisions): boolean {
  const { facts, of } = decisions;
  const seen = new Set([name]);
  for (const from of seen) { // grows meanwhile
    if (readsAsInt8(from, decisions)) return true;
    for (const reader of facts.consumers(from)) {
      if (reader.opType === "QuantizeLinear") return true;
      const vanishes = (reader.opType === "Relu" || reader.opType === "Clip") &&
        of.get(reader)?.applied.kind === "float32";
      if (!vanishes && !onlyMoves(reader, decisions)) continue;
      for (const output of reader.output) seen.add(output);
    }
  }
  return false;
}

/** Whether a node moves values as float32. */
function onlyMoves(node: NodeProto, { of }: Decisions): boolean {
  return isStandard(node) && STATIC_OPERATORS.get(node.opType)?.role === "carry" &&
    of.get(node)?.applied.kind === "float32";
}

/**
 * Writes a float32 node with the barriers it needs.
 *
 * @param results What leaves static units as uint8: see {@linkcode quantizedResults}.
 * @returns Whether it needed one.
 */
export function writeBehindBarriers(
  node: NodeProto,
  decisions: Decisions,
  results: ReadonlyMap<string, StaticUnit>,
  builder: Builder,
): boolean {
  const { inputs, outputs } = barriersOf(node, decisions, results);
  const inside = new Map<string, string>();
  for (const name of inputs) {
    const copy = builder.fresh(`${name}_fence`);
    builder.push(makeNode("Sum", [name], [copy]));
    inside.set(name, copy);
  }
  for (const name of outputs) inside.set(name, builder.fresh(`${name}_fence`));
  const rename = (name: string) => inside.get(name) ?? name;
  builder.push(
    inside.size > 0
      ? { ...node, input: node.input.map(rename), output: node.output.map(rename) }
      : node,
  );
  for (const name of outputs) builder.push(makeNode("Sum", [rename(name)], [name]));
  return inside.size > 0;
}
