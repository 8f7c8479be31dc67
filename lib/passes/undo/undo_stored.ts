import { captured, consumers, producers, removeDeadNodes, subgraphs } from "../../onnx/graph.ts";
import { isStandard } from "../../onnx/node.ts";
import type { GraphProto, NodeProto, TensorProto } from "../../onnx/onnx_pb.ts";
import { everywhere, type PassContext, visibleConstants } from "../pass.ts";
import { WEIGHT_INPUTS } from "../weight_inputs.ts";
import { floatConstant, logNames } from "./float_constant.ts";
import { knownOf } from "./stored_integers.ts";
import { type TracedIntegers, traceNode, type TraceScope, traceSplit } from "./trace_stored.ts";
import { LAYING } from "./move_stored.ts";
import { undoPacked } from "./undo_packed.ts";
import type { UndoLog } from "./undo_log.ts";

/** Makes constants that are stored as integers constants of float32 again, which know their integers. */
export function undoStored(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  const undo = everywhere((inner, around) => {
    const unpacked = undoPacked(inner, around, log);
    return undoConstants(unpacked, around, log);
  });
  const undone = undo(graph, context);
  // Once more from outside: what only bodies read is known now.
  return undone === graph ? graph : removeDeadNodes(undone);
}

function undoConstants(graph: GraphProto, context: PassContext, log: UndoLog): GraphProto {
  const traced = new Map<string, TracedIntegers>();
  const makers = producers(graph);
  const scope: TraceScope = { constants: visibleConstants(graph, context), makers, traced };
  const results = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) {
    const parts = traceSplit(node, scope);
    if (parts && !node.output.some((name) => results.has(name)) && parts.every(isKnown)) {
      parts.forEach((part, i) => traced.set(node.output[i]!, part));
      continue;
    }
    const found = traceNode(node, scope);
    if (typeof found === "object") traced.set(node.output[0]!, found);
    else if (found) log.leave(node, found);
  }
  const readers = consumers(graph);
  const inside = new Set(graph.node.flatMap((node) => [...captured(node)]));
  const isLast = (name: string) =>
    results.has(name) || inside.has(name) ||
    (readers.get(name) ?? []).some((reader) => !traced.has(reader.output[0]!));
  const added = new Map<string, TensorProto>();
  const replaced = new Map<NodeProto, NodeProto | undefined>();
  for (const [name, found] of traced) {
    if (found.stage !== "scaled" || !isLast(name)) continue;
    const { nodes, rows, stored } = found;
    const last = nodes.at(-1)!;
    const known = knownOf(stored);
    if (!known || results.has(name) && !rows) {
      const why = known
        ? "it makes an output of the graph"
        : "its scales are not finite, or vary in all dimensions";
      log.leave(last, why);
      continue;
    }
    if (!rows) {
      added.set(name, floatConstant(name, known));
      replaced.set(last, undefined);
      logReaders(name, graph, { nodes, type: stored.type }, log);
      continue;
    }
    const table = added.get(found.made) ??
      floatConstant(context.fresh(`${rows.input[0]}_float`), known);
    added.set(found.made, table);
    const gather = { ...rows, input: [table.name, rows.input[1]!], output: last.output };
    // Where something else reads the rows as integers, the Gather of the file stays beside this one.
    const isAlone = (readers.get(rows.output[0]!) ?? []).length === 1;
    const plain = rows.name.replace(/_quant$/, "");
    gather.name = isAlone || plain === "" ? plain : context.fresh(plain);
    context.origins.inherit(gather, ...nodes);
    replaced.set(last, gather);
    log.layers.push({
      node: gather.name,
      form: "weights",
      from: logNames(nodes),
      weights: stored.type,
    });
  }
  if (replaced.size === 0) return graph;
  const node = graph.node.flatMap((old) => replaced.has(old) ? replaced.get(old) ?? [] : old);
  return removeDeadNodes({
    ...graph,
    node,
    initializer: [...graph.initializer, ...added.values()],
  });
}

/** Whether integers are floats by now, or may become some, that know them. */
function isKnown({ stage, stored }: TracedIntegers): boolean {
  return stage !== "scaled" || knownOf(stored) !== undefined;
}

/** Notes the layers down that read a constant as their weights, and floats beside it; those in bodies, too. */
function logReaders(
  name: string,
  graph: GraphProto,
  made: { readonly nodes: readonly NodeProto[]; readonly type: string },
  log: UndoLog,
): void {
  const makers = producers(graph);
  for (const reader of graph.node) {
    for (const body of captured(reader).has(name) ? subgraphs(reader) : []) {
      logReaders(name, body, made, log);
    }
    const places = isStandard(reader) ? WEIGHT_INPUTS.get(reader.opType) : undefined;
    const at = places?.find((i) => reader.input[i] === name);
    if (at === undefined) continue;
    const beside = reader.input[reader.opType === "Gather" || at === 0 ? 1 : 0]!;
    if (reader.opType !== "Gather" && isQuantized(beside, makers)) continue;
    // A recurrent layer reads two of them.
    if (log.layers.some(({ node }) => node !== "" && node === reader.name)) continue;
    const from = logNames([...made.nodes, reader]);
    log.layers.push({ node: reader.name, form: "weights", from, weights: made.type });
  }
}

/** Whether an activation comes out of integers. */
function isQuantized(name: string, makers: ReadonlyMap<string, NodeProto>): boolean {
  let maker = makers.get(name);
  while (maker && LAYING.has(maker.opType)) maker = makers.get(maker.input[0]!);
  return maker?.opType === "DequantizeLinear";
}
