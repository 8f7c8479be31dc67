import { JUPYTER_DISPLAY, type MimeBundle, type Table, table } from "../display.ts";
import { Model } from "../onnx/model.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";

/**
 * A model whose weights were made fitter for int8, with what was done to each node. The conversion puts
 * these notes into the plan.
 */
export class CorrectedModel extends Model {
  /** What was done, by the name of the node; see {@linkcode nodeKey}. */
  readonly notes: ReadonlyMap<string, string>;

  /** @param notes Added to those that `model` has already. */
  constructor(model: Model, graph: GraphProto, notes: ReadonlyMap<string, string>) {
    super({ ...model.proto, graph }, { name: model.name });
    const merged = new Map(model instanceof CorrectedModel ? model.notes : []);
    for (const [node, note] of notes) {
      const before = merged.get(node);
      merged.set(node, before ? `${before}; ${note}` : note);
    }
    this.notes = merged;
  }

  /** One row for each node that something was done to. */
  get table(): Table {
    return table([...this.notes].map(([node, note]) => ({ node, done: note })), ["node", "done"]);
  }

  override toString(): string {
    return this.table.text;
  }

  /** @ignore */
  [JUPYTER_DISPLAY](): MimeBundle {
    return this.table[JUPYTER_DISPLAY]();
  }
}

/** The name of a node, or of its first result if it has none. */
export function nodeKey({ name, output, opType }: NodeProto): string {
  return name || output.find((value) => value !== "") || opType;
}
