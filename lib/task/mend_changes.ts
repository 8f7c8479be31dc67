import type { UndoneLayer } from "../passes/undo/undo_log.ts";
import type { Trace } from "../quantize/quantized_model.ts";
import { plural } from "../report/format.ts";
import type { MendChange, MendResult } from "./mended.ts";

/** Forms that a node of what came out has. */
type ResultForm = Trace["form"];

interface Change {
  readonly rule: string;
  readonly result: MendResult;
  /** What is said of so many layers. */
  readonly words: string;
}

/**
 * What became of the layers of a file that were int8, those of one kind together. Layers that compute as they did
 * are left out.
 *
 * @param traces Of what came out.
 * @param sameBits Whether it gave the file's bits for every input that both ran on.
 */
export function mendChanges(
  layers: readonly UndoneLayer[],
  traces: readonly Pick<Trace, "name" | "form" | "pieces">[],
  sameBits: boolean,
): MendChange[] {
  const forms = new Map(traces.map(({ name, form }): [string, ResultForm] => [name, form]));
  const found = layers.flatMap((layer) => {
    const change = changeOf(layer, forms.get(layer.node) ?? "float32");
    return change ? [{ layer, change }] : [];
  });
  const groups = Map.groupBy(found, ({ change: { rule, result } }) => `${rule} ${result}`);
  const changes = [...groups.values()].map((group): MendChange => {
    const { rule, result, words } = group[0]!.change;
    return {
      rule,
      nodes: group.flatMap(({ layer }) => layer.from.map(({ name }) => name)),
      result: sameBits ? "same bits" : result,
      words: `${plural(group.length, "layer")}: ${words}`,
    };
  });
  const pieces = traces.filter(({ pieces }) => pieces);
  if (pieces.length === 0) return changes;
  return [...changes, {
    rule: "slow-forms",
    nodes: pieces.map(({ name }) => name),
    result: sameBits ? "same bits" : "same to rounding",
    words: `${plural(pieces.length, "node")}: the same numbers by operators that run faster here`,
  }];
}

function changeOf({ form, from, activations, weights }: UndoneLayer, to: ResultForm):
  | Change
  | undefined {
  const has = (operator: string) => from.some((node) => node.operator === operator);
  if (form === "weights") {
    const rule = has("MatMulNBits") ? "block-weights" : "dequantized-weights";
    return {
      rule,
      result: "same to rounding",
      words:
        "the weights are the file's integers, in the form that the runtime folds or reads fastest",
    };
  }
  const isConv = has("ConvInteger");
  if (form === to) {
    if (form === "static" && activations === "int8") {
      return { rule: "s8-activations", result: "same to rounding", words: MOVED };
    }
    if (isConv && weights === "int8") {
      return { rule: "s8-weights-in-conv-integer", result: "same to rounding", words: MOVED };
    }
    return undefined;
  }
  const rule = form === "static"
    ? activations === "int8" ? "s8-activations" : "slow-integers"
    : isConv
    ? "dynamic-convolution"
    : "dynamic-product";
  if (to === "static" || to === "dynamic") {
    return { rule, result: "same to rounding", words: `${form} int8 is now ${to} int8` };
  }
  return { rule, result: "more accurate", words: BACK };
}

const MOVED =
  "int8 is now uint8, 128 higher with its zero point: the same values, in kernels that are fast";
const BACK =
  "float32 operators again, with the file's integers as weights; what they read is not rounded any more";
