import { UserError } from "../errors.ts";
import type { ValueType } from "../tensor/tensor.ts";
import { isFloat } from "./classes.ts";
import type { Metric } from "./metric.ts";
import { agreement } from "./metrics/agreement.ts";
import { sqnr } from "./metrics/sqnr.ts";
import { top1 } from "./metrics/top1.ts";

/**
 * The metric for a network by what it puts out: top-1 with labels; without, agreement if its only
 * float output holds scores of classes ([N, classes], [N, positions, classes], [N, classes, 1, 1])
 * or if it puts out classes alone; else SQNR.
 *
 * @param outputs What the network says of its outputs.
 * @param labelled Whether there are samples with a label.
 * @throws {UserError} If there are labels but no output that could be compared with them.
 */
export function defaultMetric(outputs: readonly ValueType[], labelled: boolean): Metric {
  const floats = outputs.filter(({ type }) => isFloat(type));
  const integer = outputs.find(({ type }) => /int/.test(type));
  if (labelled) {
    const scores = floats.find((output) => holdsClasses(output, false));
    const output = scores ?? integer;
    if (output) return top1({ output: output.name });
    const list = outputs.map(({ name, type, dims }) =>
      `"${name}" (${type} [${dims?.map((dim) => dim ?? "?").join(", ") ?? "..."}])`
    );
    throw new UserError(
      `Cannot compare labels with the network's outputs ${
        list.join(", ")
      }: none holds the scores ` +
        `of classes, [N, classes], or a class; give a metric of your own, or data without labels`,
    );
  }
  const [only] = floats;
  if (only && floats.length === 1 && holdsClasses(only, true)) {
    return agreement({ output: only.name });
  }
  if (floats.length === 0 && integer) return agreement({ output: integer.name });
  return sqnr();
}

/** @param positions Whether several positions per sample will do, and the classes must be fixed. */
function holdsClasses({ dims }: ValueType, positions: boolean): boolean {
  if (!dims) return !positions;
  const [, second, third, fourth] = dims;
  const image = dims.length === 4 && third === 1 && fourth === 1;
  const sequence = dims.length === 3 && (positions || second === 1);
  if (dims.length !== 2 && !image && !sequence) return false;
  const classes = image ? second : dims.at(-1);
  return typeof classes === "number" ? classes > 1 : !positions;
}
