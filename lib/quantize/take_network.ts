import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { fuse } from "../passes/fuse.ts";
import { undoInt8, type Undone } from "../passes/undo/undo_int8.ts";
import type { LeftNode } from "../passes/undo/undo_log.ts";
import { requireFloat } from "./decide.ts";
import { Plan } from "./plan.ts";
import type { QuantizedModel } from "./quantized_model.ts";

/** A network as it is to be quantized, of a file that may be int8 already. */
export interface TakenNetwork {
  /** The network in float32 operators; the model itself where nothing in it was int8. */
  readonly network: Model;
  /** What was undone; absent of a float32 network. */
  readonly undone?: Undone;
  /** What is to be known of that, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Reads a model as a float32 network, whatever it is stored as.
 *
 * @throws {UserError} If it is int8 and nothing in it can be read as float32; names what.
 */
export function takeNetwork(model: Model): TakenNetwork {
  const undone = undoInt8(model);
  const { left } = undone;
  if (undone.model === model) {
    if (left.length > 0) requireSome(model, left);
    return { network: model, notes: left.length > 0 ? [leftNote(left)] : [] };
  }
  return {
    network: undone.model,
    undone,
    notes: [
      `${model.name} is int8 already (${
        formsText(undone)
      }): it is read as float32 operators with the ` +
      "weights that it holds. Where the float32 network that it was made from is at hand, start from that.",
      ...left.length > 0 ? [leftNote(left)] : [],
    ],
  };
}

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

/** `12 layers static, 3 in their weights alone` */
function formsText({ layers }: Undone): string {
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

function leftNote(left: readonly LeftNode[]): string {
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
