import { EXACT_DB } from "../cost/form_noise.ts";
import { constants, producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { Undone } from "../passes/undo/undo_int8.ts";
import type { UndoneLayer } from "../passes/undo/undo_log.ts";
import type { Trace } from "../quantize/quantized_model.ts";
import { plural } from "../report/format.ts";
import { ruleOf } from "./findings/layer_rules.ts";
import { type LayerView, layerViews } from "./findings/layer_view.ts";
import type { MendChange, MendResult } from "./mended.ts";

/** What came out, as far as changes are told by it. */
export interface MendedModel {
  readonly model: Model;
  readonly traces: readonly Pick<Trace, "name" | "form" | "pieces">[];
  /** Whether it gave the file's bits for every input that both ran on. */
  readonly sameBits: boolean;
  /** Signal over noise against the file itself, dB; undefined where it is no number. */
  readonly toFile: number | undefined;
}

interface Change {
  readonly rule: string;
  readonly result: MendResult;
  /** What is said of so many layers. */
  readonly words: string;
}

/**
 * What became of the layers of a file that were int8, those of one kind together. Layers that compute as they did,
 * with weights stored as they were, are left out.
 */
export function mendChanges(
  file: Model,
  { model: plain, layers }: Pick<Undone, "model" | "layers">,
  { model, traces, sameBits, toFile }: MendedModel,
): MendChange[] {
  const forms = new Map(traces.map(({ name, form }) => [name, form]));
  const stored = storageOf(model);
  const noCosts = layers.map(() => ({ ms: 0, otherMs: 0, runs: [] }));
  const found = layerViews(layers, noCosts, plain.graph, file.graph).flatMap((view) => {
    const { node } = view.layer;
    const change = changeOf(view, forms.get(node) ?? "float32", stored(node));
    return change ? [{ layer: view.layer, change }] : [];
  });
  const isRounding = toFile !== undefined && toFile >= EXACT_DB;
  const told = (result: MendResult): MendResult =>
    sameBits ? "same bits" : isRounding && result === "same integers" ? "same to rounding" : result;
  const groups = Map.groupBy(found, ({ change: { rule, words } }) => `${rule} ${words}`);
  const changes = [...groups.values()].map((group): MendChange => {
    const { rule, result, words } = group[0]!.change;
    return {
      rule,
      nodes: group.flatMap(({ layer }) => namesOf(layer)),
      result: told(result),
      words: `${plural(group.length, "layer")}: ${words}`,
    };
  });
  const pieces = traces.filter(({ pieces }) => pieces);
  if (pieces.length === 0) return changes;
  return [...changes, {
    rule: "slow-forms",
    nodes: pieces.map(({ name }) => name),
    result: told("same to rounding"),
    words: `${plural(pieces.length, "node")}: the same numbers by operators that run faster here`,
  }];
}

/** Nodes of the file that stood for a layer; where they have no names, the one that does its work now. */
function namesOf({ from, node }: UndoneLayer): string[] {
  const names = from.map(({ name }) => name).filter((name) => name !== "");
  return names.length > 0 ? names : [node];
}

function changeOf(view: LayerView, to: Trace["form"], stored: string | undefined):
  | Change
  | undefined {
  const { form, from, activations, weights } = view.layer;
  const has = (operator: string) => from.some((node) => node.operator === operator);
  const rule = ruleOf(view).id;
  if (form === "weights") {
    const before = from.map(({ operator }) => operator).sort().join();
    return before === stored ? undefined : { rule, result: "same integers", words: STORED };
  }
  const isSigned = form === "static"
    ? activations === "int8"
    : has("ConvInteger") && weights === "int8";
  if (form === to) {
    if (!isSigned) return undefined;
    const moved = form === "static" ? "s8-activations" : rule;
    return { rule: moved, result: "same integers", words: MOVED };
  }
  if (to === "dynamic") return { rule, result: "more accurate", words: IN_EACH_RUN };
  return { rule, result: "more accurate", words: BACK };
}

/** Of a node, by name: it and the operators that only make its weights, in their order. */
function storageOf({ graph }: Model): (name: string) => string | undefined {
  const makers = producers(graph);
  const known = constants(graph);
  const byName = new Map(graph.node.map((node) => [node.name, node]));
  const isStored = (node: NodeProto): boolean =>
    node.input.every((name) => {
      const maker = makers.get(name);
      return name === "" || known.has(name) || (maker !== undefined && isStored(maker));
    });
  const beside = ({ input }: NodeProto): string[] =>
    input.flatMap((name) => {
      const maker = makers.get(name);
      return maker && isStored(maker) && !known.has(name) ? [maker.opType, ...beside(maker)] : [];
    });
  return (name) => {
    const node = byName.get(name);
    return node && [node.opType, ...beside(node)].sort().join();
  };
}

const STORED =
  "the weights are the file's integers, in the form that the runtime folds or reads fastest";
const MOVED =
  "int8 is now uint8, 128 higher with its zero point: the same values, in kernels that are fast";
const IN_EACH_RUN =
  "the range is found in each run, and no range of the file's clips; the result is not rounded any more";
const BACK =
  "float32 operators again, with the file's integers as weights; what they read is not rounded any more";
