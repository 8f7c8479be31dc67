import type { Stream } from "../data/stream.ts";
import { nearest, UserError } from "../errors.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { ValueType } from "../tensor/tensor.ts";
import { describeValue } from "./feeds.ts";

/**
 * Makes sure that a model has the outputs and inputs that a stream's state names, and that what is
 * fed back fits.
 *
 * @param data Name of the data set, for messages.
 * @throws {UserError} That names what is missing, or what does not fit.
 */
export function requireState({ state }: Stream, model: Model, data: string): void {
  // What was made an output to be looked at is declared by name alone, and is no state.
  const declared = model.graph.output.filter(({ type }) => type !== undefined);
  const { inputs, outputs } = valueTypes({ ...model.graph, output: declared });
  const find = (name: string, among: readonly ValueType[], what: string): ValueType => {
    const found = among.find((value) => value.name === name);
    if (found) return found;
    const names = among.map((value) => value.name);
    const [near] = nearest(name, names, 1);
    throw new UserError(
      `Cannot run ${model.name} on the stream ${data}: it has no ${what} "${name}" to feed back; ` +
        (near ? `did you mean "${near}"?` : `it has ${names.map((n) => `"${n}"`).join(", ")}`),
    );
  };
  for (const [output, input] of Object.entries(state)) {
    const [from, to] = [find(output, outputs, "output"), find(input, inputs, "input")];
    if (fits(from, to)) continue;
    throw new UserError(
      `Cannot run ${model.name} on the stream ${data}: output ${
        describeValue(from)
      } does not fit ` +
        `input ${describeValue(to)}, to which it is to be fed back`,
    );
  }
}

/** Whether what one value says of itself does not contradict the other. */
function fits(from: ValueType, to: ValueType): boolean {
  if (from.type !== to.type) return false;
  if (!from.dims || !to.dims) return true;
  return from.dims.length === to.dims.length && from.dims.every((dim, axis) => {
    const other = to.dims![axis];
    return typeof dim !== "number" || typeof other !== "number" || dim === other;
  });
}
