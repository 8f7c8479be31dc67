import { UserError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mayConvert } from "./cast.ts";
import type { Dataset } from "./dataset.ts";
import { shapeText } from "./shapes.ts";

/**
 * Labels as they are brought: a class of each sample, or of each position of each sample.
 * @category Samples (advanced)
 */
export type LabelValues =
  | Tensor
  | Int32Array
  | readonly (number | readonly number[] | Int32Array)[];

/** What labels are of. */
export interface LabelledData {
  /** For messages. */
  readonly name: string;
  /** Number of samples. */
  readonly length: number;
  /** How many positions a sample may have: lengths of the second axes of its arrays. */
  readonly positions: ReadonlySet<number>;
}

/**
 * Reads labels: integers [N], the class of each sample; or [N, T], the class of each position, if an array of
 * samples is as long. A negative label of a position is none, as -100 is in PyTorch.
 *
 * @throws {UserError} If they are something else.
 */
export function readLabels(
  labels: LabelValues,
  data: LabelledData,
): Pick<Dataset, "labels" | "tokenLabels"> {
  const { name, length } = data;
  if (!("dims" in labels)) {
    requireCount(labels, data);
    return isNested(labels)
      ? { tokenLabels: labels.map((one, index) => classesAt(one, -Infinity, name, () => index)) }
      : { labels: classesAt(labels as ArrayLike<number>, -1, name) };
  }
  const values = labels.data as ArrayLike<number | bigint>;
  const [count, steps = 1] = labels.dims;
  const isWhole = mayConvert(labels.type, "int32");
  if (isWhole && labels.dims.length === 1) {
    requireCount(values, data);
    return { labels: classesAt(values, -1, name) };
  }
  if (isWhole && labels.dims.length === 2 && steps > 1 && data.positions.has(steps)) {
    requireCount({ length: count! }, data);
    const all = classesAt(values, -Infinity, name, (index) => Math.floor(index / steps));
    return {
      tokenLabels: Array.from({ length }, (_, i) => all.subarray(i * steps, (i + 1) * steps)),
    };
  }
  throw new UserError(
    `Cannot use ${name}: labels must be integers of shape [${length}], one class per sample, or [${length}, ` +
      `positions], one for each position of an input; got ${labels.type} ${
        shapeText(labels.dims)
      }` +
      remedyOf(labels, length),
  );
}

function isNested(labels: Exclude<LabelValues, Tensor>): labels is (readonly number[])[] {
  return typeof labels[0] === "object";
}

function requireCount(values: { readonly length: number }, { name, length }: LabelledData): void {
  if (values.length === length) return;
  throw new UserError(
    `Cannot use ${name}: labels are ${values.length}, but there are ${length} samples`,
  );
}

/** @param least The least number that is allowed; all that are negative become -1. */
function classesAt(
  values: ArrayLike<number | bigint>,
  least: number,
  name: string,
  sampleOf: (index: number) => number = (index) => index,
): Int32Array {
  return Int32Array.from({ length: values.length }, (_, index) => {
    const label = Number(values[index]);
    if (Number.isInteger(label) && label >= least && label < 2 ** 31) return Math.max(-1, label);
    throw new UserError(
      `Cannot use ${name}: labels must be classes counted from 0, or -1 for none; sample ` +
        `${sampleOf(index)} has ${values[index]}`,
    );
  });
}

/** The numpy line that makes labels of an array that holds them in another form. */
function remedyOf({ type, dims }: Tensor, length: number): string {
  const isWhole = mayConvert(type, "int32");
  const [count, ...rest] = dims;
  if (count !== length) return "";
  if (rest.length === 0) return isWhole ? "" : `; save labels.astype("int64")`;
  if (rest.length > 1 && rest.some((dim) => dim !== 1)) return "";
  if (rest.every((dim) => dim === 1)) {
    return `; save labels.reshape(-1)${isWhole ? "" : `.astype("int64")`}`;
  }
  return `; if they are one-hot or scores, save labels.argmax(1)`;
}
