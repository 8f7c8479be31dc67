import { valueTypes } from "./graph.ts";
import type { GraphProto } from "./onnx_pb.ts";

/**
 * What a decoder remembers of the tokens before: output of the network → the input that takes it at the next
 * step, as exporters name them: `present.0.key` → `past_key_values.0.key`, `present_0` → `past_0`.
 *
 * @example
 * ```ts
 * import { parseModel } from "./parse_model.ts";
 * import { pastStates } from "./past_states.ts";
 * import assert from "node:assert/strict";
 * const { graph } = parseModel(`
 *   input past_key_values.0.key float32[1, 2, P, 4]; output present.0.key float32[1, 2, Q, 4]
 *   present.0.key = Identity(past_key_values.0.key)`);
 * assert.deepEqual(pastStates(graph), { "present.0.key": "past_key_values.0.key" });
 * ```
 */
export function pastStates(graph: GraphProto): Record<string, string> {
  const { inputs, outputs } = valueTypes(graph);
  const takes = new Map(
    inputs.filter(({ name }) => /^past/.test(name)).map(({ name }) => [plain(name), name]),
  );
  return Object.fromEntries(
    outputs.filter(({ name }) => /^present/.test(name)).flatMap(({ name }) => {
      const input = takes.get(plain(name));
      return input === undefined ? [] : [[name, input]];
    }),
  );
}

/** A name without what tells the past from the present. */
function plain(name: string): string {
  return name.replace(/^(past|present)(_key_values?)?/, "");
}
