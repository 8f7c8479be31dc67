import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { fuse } from "../passes/fuse.ts";
import { undoInt8, type Undone } from "../passes/undo/undo_int8.ts";
import type { LeftNode } from "../passes/undo/undo_log.ts";
import type { GivenRecord, OfGiven } from "../record/given_record.ts";
import { requireFloat } from "./decide.ts";
import { Plan } from "./plan.ts";
import type { QuantizedModel } from "./quantized_model.ts";

/** A network as it is to be quantized, of a file that may be int8 already. */
export interface TakenNetwork extends OfGiven {
  /** The network in float32 operators; the model itself where nothing in it was int8. */
  readonly network: Model;
  /** What was undone; absent of a float32 network. */
  readonly undone?: Undone;
  /** What the file was, how it was read and what of it stays; absent of a float32 network. */
  readonly given?: GivenRecord & { readonly about: string[] };
  /** What is to be known of that, and what to do about it, in sentences. */
  readonly notes: readonly string[];
}

/** What a model is, where it is no float32 network but int8 already, if in part. */
export function givenOf(model: Model): GivenRecord | undefined {
  const undone = undoInt8(model);
  if (!isUntouched(undone)) return { form: "int8", layers: formsText(undone) };
  return undone.left.length > 0 ? { form: "int8" } : undefined;
}

/**
 * Reads a model as a float32 network, whatever it is stored as.
 *
 * @throws {UserError} If it is int8 and nothing in it can be read as float32; names what.
 */
export function takeNetwork(model: Model): TakenNetwork {
  const undone = undoInt8(model);
  const { left } = undone;
  const stays = left.length > 0 ? [leftNote(left)] : [];
  if (isUntouched(undone)) {
    if (left.length === 0) return { network: model, notes: [] };
    requireSome(model, left);
    return { network: model, given: { form: "int8", about: stays }, notes: stays };
  }
  const layers = formsText(undone);
  const read =
    `${model.name} is int8 already (${layers}): it is read as float32 operators with the ` +
    "weights that it holds.";
  const about = [read, ...stays];
  return {
    ...{ network: undone.model, undone, given: { form: "int8", layers, about } },
    notes: [...about, START_NOTE],
  };
}

const START_NOTE = "Where the float32 network that it was made from is at hand, start from that.";

/** The model with what each layer was in the file, in its row of the plan. */
export function explainFile(
  model: QuantizedModel,
  { undone }: Pick<TakenNetwork, "undone">,
): QuantizedModel {
  if (!undone) return model;
  const layers = new Map(undone.layers.map((layer) => [layer.node, layer]));
  const rows = model.plan.rows.map((row) => {
    const layer = layers.get(row.node);
    if (!layer) return row;
    const types = [
      layer.activations && `${layer.activations} activations`,
      layer.weights && `${layer.weights} weights`,
    ].filter(Boolean).join(", ");
    const was = layer.form === "weights" ? types : [layer.form, types].filter(Boolean).join(", ");
    return { ...row, why: `${row.why}; in the file: ${was || "weights"}` };
  });
  return model.withPlan(new Plan(rows));
}

/** Whether nothing of a file could be read as float32; all there may be to it are other names. */
function isUntouched({ layers, ranges }: Undone): boolean {
  return layers.length === 0 && ranges.size === 0;
}

/** `12 layers static, 3 layers in their weights alone`; of layers with weights, where there are any. */
function formsText({ layers: all }: Undone): string {
  const withWeights = all.filter(({ weights }) => weights !== undefined);
  const layers = withWeights.length > 0 ? withWeights : all;
  const words = { static: "static", dynamic: "dynamic", weights: "in their weights alone" };
  const counts = [...Map.groupBy(layers, ({ form }) => form)].map(([form, { length }]) =>
    `${length} ${length === 1 ? "layer" : "layers"} ${
      form === "weights" && length === 1 ? "in its weights alone" : words[form]
    }`
  );
  return counts.join(", ") || "no layer, but values between layers";
}

/** Names that are told of many. */
const TOLD = 3;

/** Which nodes of a file stay on integers, and why, in a sentence; of many a few. */
export function leftNote(left: readonly LeftNode[]): string {
  const [are, stay] = left.length === 1 ? ["node", "stays"] : ["nodes", "stay"];
  return `${left.length} ${are} on integers ${stay} as in the file: ${listed(left)}.`;
}

function listed(left: readonly LeftNode[]): string {
  const names = left.slice(0, TOLD).map(({ operator, name, why }) =>
    `${operator} "${name}" (${why})`
  );
  return names.join(", ") + (left.length > TOLD ? ` and ${left.length - TOLD} more` : "");
}

/** Refuses a file of which nothing could be undone, and nothing else can be quantized. */
function requireSome(model: Model, left: readonly LeftNode[]): void {
  try {
    requireFloat(fuse(model).graph);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      `Cannot quantize ${model.name}: it is int8 already, and nothing in it could be read as float32: ` +
        `${listed(left)}; export the float32 network that it was made from, and quantize that`,
      { cause: error },
    );
  }
}
