import { nearest } from "../errors.ts";
import type { ElementType, Tensor } from "../tensor/tensor.ts";
import type { ScoredSample } from "./metric.ts";

/** What a network answers in one output: a class at each position. */
export interface Classes {
  /** Name of the output. */
  readonly output: string;
  /** One class per position; a classifier of whole samples has one. */
  readonly ids: ArrayLike<number>;
  /** That of the last position. */
  readonly last: number;
  /** Number of classes; Infinity where the output is the class itself. */
  readonly count: number;
}

const FLOATS: ReadonlySet<ElementType> = new Set(["float32", "float16", "float64"]);

/** Whether an output holds scores or quantities, rather than classes, counts or flags. */
export function isFloat(type: ElementType): boolean {
  return FLOATS.has(type);
}

/**
 * Reads the classes that a network chose.
 *
 * Float outputs hold a score per class along the last axis ([1, classes], or [1, positions,
 * classes]), and the class is the first of the largest; two trailing axes of length 1 are left
 * away, as image classifiers without a Flatten have them ([1, classes, 1, 1]). Integer outputs are
 * the class itself, as exporters of decision trees give it.
 *
 * @param name The output. @default {the first float output with two classes or more, else the
 * first integer one}
 * @param axis The axis of the classes in a float output. @default {as said above}
 * @throws {Error} If there is no such output.
 */
export function readClasses(
  outputs: Readonly<Record<string, Tensor>>,
  name: string | undefined = findClassOutput(outputs),
  axis?: number,
): Classes {
  const tensor = name === undefined ? undefined : outputs[name];
  if (name === undefined || tensor === undefined) {
    const list = Object.entries(outputs).map(([key, { type, dims }]) =>
      `"${key}" (${type} [${dims.join(", ")}])`
    );
    const [near] = name === undefined ? [] : nearest(name, Object.keys(outputs), 1);
    throw new Error(
      (name === undefined ? "no output holds classes" : `there is no output "${name}"`) +
        (near === undefined ? "" : `, did you mean "${near}"`) + `; outputs: ${list.join(", ")}`,
    );
  }
  const { dims } = tensor;
  const along = axis ?? classAxis(dims);
  const [ids, count] = isFloat(tensor.type)
    ? [argmaxAlong(tensor, along), dims.at(along) ?? 1]
    : [toNumbers(tensor), Infinity];
  return { output: name, ids, last: ids[ids.length - 1] ?? -1, count };
}

/** What a network answers where there is a label. */
export interface LabelledClass extends Pick<Classes, "output" | "count"> {
  /** Position in the output. */
  readonly position: number;
  /** Class that the network chose. */
  readonly id: number;
  /** Class that it is. */
  readonly label: number;
}

/**
 * Reads the classes that a network chose for a sample with a label, or with labels of its positions, see
 * {@linkcode readClasses}: one for each label that is known.
 *
 * @throws {Error} If there is no such output, it has another number of positions, or a label is no class of it.
 */
export function labelledClasses(
  { outputs, label, tokenLabels }: Pick<ScoredSample, "outputs" | "label" | "tokenLabels">,
  name?: string,
): LabelledClass[] {
  const { output, ids, count } = readClasses(outputs, name);
  const labels = label === undefined ? tokenLabels ?? [] : [label];
  if (ids.length !== labels.length) {
    throw new Error(
      `output "${output}" has ${positions(ids.length)}, but there ` +
        `${
          labels.length === 1 ? "is one label" : `are ${labels.length} labels`
        }; save a label for ` +
        `each position, [samples, ${ids.length}], with -1 where there is none, or score it with a metric ` +
        `of your own`,
    );
  }
  return Array.from(labels, (label, position) => {
    if (label < count) return { output, position, id: ids[position]!, count, label };
    throw new Error(`its label ${label} is outside the ${count} classes of output "${output}"`);
  }).filter(({ label }) => label >= 0);
}

function positions(count: number): string {
  return count === 1 ? "one position" : `${count} positions`;
}

function findClassOutput(outputs: Readonly<Record<string, Tensor>>): string | undefined {
  const entries = Object.entries(outputs);
  const scores = entries.find(([, { type, dims }]) =>
    isFloat(type) && (dims.at(classAxis(dims)) ?? 1) > 1
  );
  return (scores ?? entries.find(([, { type }]) => /int/.test(type)))?.[0];
}

/** The axis that holds the classes, counted from the end. */
function classAxis(dims: readonly number[]): number {
  const image = dims.length >= 4 && dims.at(-1) === 1 && dims.at(-2) === 1;
  return image ? -3 : -1;
}

/** Index of the first largest value along an axis, at each position of the others. */
export function argmaxAlong(tensor: Tensor, axis: number): Int32Array {
  const { dims } = tensor;
  const values = toNumbers(tensor);
  const at = axis < 0 ? axis + dims.length : axis;
  const count = dims[at] ?? 1;
  const inner = dims.slice(at + 1).reduce((a, b) => a * b, 1);
  return Int32Array.from({ length: count === 0 ? 0 : values.length / count }, (_, position) => {
    const start = Math.floor(position / inner) * count * inner + position % inner;
    let best = 0;
    for (let i = 1; i < count; i++) {
      if (values[start + i * inner]! > values[start + best * inner]!) best = i;
    }
    return best;
  });
}

/** A tensor's elements as numbers. */
export function toNumbers(tensor: Tensor): ArrayLike<number> {
  const data = tensor.data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return Float64Array.from(data, Number);
  }
  if (tensor.type === "string") {
    throw new Error("an output of strings cannot be scored by this metric");
  }
  return data as Float32Array;
}
