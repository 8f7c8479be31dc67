import { checkModel } from "./check_model.ts";
import { freeDimensions } from "./free_dimensions.ts";
import { inlineFunctions } from "./inline_functions.ts";
import { lowerOpset } from "./lower_opset.ts";
import { onceEach } from "./once_each.ts";
import type { ModelProto } from "./onnx_pb.ts";
import { dropStaleShapes } from "./stale_shapes.ts";

/** A file in the form that everything here takes, and what was changed for that. */
export interface Amended {
  readonly proto: ModelProto;
  /** What was changed, one line each; what changes no meaning is not told. */
  readonly amendments: readonly string[];
}

/**
 * Brings what a file says into the form that runtimes and rewrites take, without changing what the
 * network computes. The same object if there is nothing to do.
 *
 * @param name What messages call the model.
 * @throws {UserError} If it does not hang together, or cannot be brought into that form: the message names
 * the value, node or function.
 */
export function amend(proto: ModelProto, name: string): Amended {
  const amendments: string[] = [];
  const once = onceEach(proto, (line) => amendments.push(line));
  checkModel(once, name);
  const { proto: inline, inlined } = inlineFunctions(once, name);
  if (inlined.length > 0) amendments.push(`put in place of their calls: ${functionsOf(inlined)}`);
  const { proto: plain, note } = lowerOpset(inline, name);
  if (note) amendments.push(note);
  const graph = plain.graph && freeDimensions(plain.graph);
  const fresh = graph && dropStaleShapes(graph);
  if (fresh?.note) amendments.push(fresh.note);
  const same = fresh?.graph === plain.graph;
  return { proto: same ? plain : { ...plain, graph: fresh?.graph }, amendments };
}

function functionsOf(names: readonly string[]): string {
  const all = [...new Set(names)];
  const shown = all.length > 6 ? [...all.slice(0, 5), `${all.length - 5} more`] : all;
  return `the function${all.length === 1 ? "" : "s"} ${
    shown.join(", ")
  } that the file brings along`;
}
