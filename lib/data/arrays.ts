import { nearest, UserError } from "../errors.ts";
import {
  elementCount,
  type Feeds,
  type NumericType,
  type Tensor,
  type ValueType,
} from "../tensor/tensor.ts";
import { convertTensor, findUnfit, mayConvert } from "./cast.ts";
import { type Dataset, hashSamples, once, requireIndex } from "./dataset.ts";
import { shareTensor } from "./shared.ts";

/** Options for {@linkcode arrays}. */
export interface ArraysOptions {
  /** For messages and reports. @default {"arrays"} */
  name?: string;
  /** Class of each sample, -1 where it is not known; a tensor must be of integers, shape [N]. */
  labels?: Tensor | readonly number[] | Int32Array;
  /**
   * The network's inputs. With them names, types and shapes are checked, types converted, and
   * inputs of one rank less than their array are fed whole. Without them every array is fed as it
   * is, a slice of one sample at a time.
   */
  inputs?: readonly ValueType[];
}

/**
 * Makes a data set of arrays that hold all samples, by input name, first axis = samples; or of a
 * list of samples, each with all its inputs, which may differ in shape.
 *
 * An array of the input's own rank is fed as a slice of one sample, the batch: [N, 3, 32, 32] gives
 * [1, 3, 32, 32]. An array of a rank more is fed as the whole input, as recurrent states and scalars
 * need: [N, 2, 1, 128] gives [2, 1, 128]. Integers and bool become the input's type where every
 * value is kept exactly, and floats are rounded to its width; each sample is converted when it is
 * asked for, so the memory is that of the arrays given.
 *
 * @throws {UserError} Naming the array and what was expected: missing or unknown names, types,
 * shapes, numbers of samples that differ, NaN or infinity, labels that are no classes.
 * @example
 * ```ts
 * import { arrays } from "./arrays.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const data = arrays({ x: float32([3, 2], [1, 2, 3, 4, 5, 6]) }, { labels: [0, 1, 0] });
 * assert.equal(data.length, 3);
 * assert.deepEqual((await data.sample(1)).x!.dims, [1, 2]);
 * ```
 */
export function arrays(
  values: Readonly<Record<string, Tensor>> | readonly Feeds[],
  options: ArraysOptions = {},
): Dataset {
  const { name = "arrays", inputs } = options;
  const { length, sample } = Array.isArray(values)
    ? listed(values as readonly Feeds[], name, inputs)
    : stacked(values as Readonly<Record<string, Tensor>>, name, inputs);
  if (length === 0) throw new UserError(`Cannot use ${name}: it holds no samples`);
  const labels = options.labels && readLabels(options.labels, length, name);
  const dataset: Dataset = {
    name,
    length,
    ...(labels && { labels }),
    sample: (index) => sample(requireIndex(dataset, index)),
    hash: once(() => hashSamples(dataset)),
  };
  return dataset;
}

interface Source {
  length: number;
  sample(index: number): Feeds;
}

/** Samples along the first axis of each array. */
function stacked(
  values: Readonly<Record<string, Tensor>>,
  name: string,
  inputs: readonly ValueType[] | undefined,
): Source {
  const names = Object.keys(values);
  if (inputs) checkNames(names, inputs, `Cannot use ${name}`);
  const [first] = names;
  if (first === undefined) throw new UserError(`Cannot use ${name}: it holds no arrays`);
  const length = values[first]!.dims[0] ?? 0;

  const columns = names.map((key) => {
    const array = values[key]!;
    const what = `Cannot use ${name}: array "${key}"`;
    if (array.dims.length === 0) {
      throw new UserError(
        `${what} is a single value; its first axis must be the samples, also where all are fed ` +
          `the same: repeat it for each sample`,
      );
    }
    if (array.dims[0] !== length) {
      throw new UserError(
        `${what} holds ${array.dims[0]} samples along its first axis, but "${first}" ` +
          `${length}; all arrays must hold the same samples`,
      );
    }
    const input = inputs?.find((input) => input.name === key);
    const whole = input?.dims !== undefined && array.dims.length === input.dims.length + 1;
    if (input) {
      const fed = whole ? array.dims.slice(1) : [1, ...array.dims.slice(1)];
      checkType(array, input, what);
      checkShape(fed, array.dims, input, what);
    }
    checkValues(array, input?.type ?? array.type, what, elementCount(array.dims.slice(1)));
    const type = input?.type ?? array.type;
    return { key, array: type === array.type ? shareTensor(array) : array, type, whole };
  });
  return {
    length,
    sample: (index) =>
      Object.fromEntries(columns.map(({ key, array, type, whole }) => {
        const slice = sliceFirst(array, index, whole);
        return [key, type === array.type ? slice : convertTensor(slice, type as NumericType)];
      })),
  };
}

/** Samples given one by one. */
function listed(
  values: readonly Feeds[],
  name: string,
  inputs: readonly ValueType[] | undefined,
): Source {
  const kept = values.map((feeds, index) => {
    const where = `Cannot use ${name}: sample ${index}`;
    if (inputs) checkNames(Object.keys(feeds), inputs, where);
    const entries = Object.entries(feeds).map(([key, tensor]) => {
      const what = `${where}: array "${key}"`;
      const input = inputs?.find((input) => input.name === key);
      if (input) {
        checkType(tensor, input, what);
        checkShape(tensor.dims, undefined, input, what);
      }
      checkValues(tensor, input?.type ?? tensor.type, what);
      return [key, shareTensor(tensor), input?.type ?? tensor.type] as const;
    });
    return entries;
  });
  return {
    length: kept.length,
    sample: (index) =>
      Object.fromEntries(kept[index]!.map(([key, tensor, type]) => [
        key,
        type === tensor.type ? tensor : convertTensor(tensor, type as NumericType),
      ])),
  };
}

/** One sample of an array, as a view: with a batch axis of 1 in front, or `whole` without. */
function sliceFirst(array: Tensor, index: number, whole: boolean): Tensor {
  const rest = array.dims.slice(1);
  const count = elementCount(rest);
  const [start, end] = [index * count, (index + 1) * count];
  const data = Array.isArray(array.data)
    ? array.data.slice(start, end)
    : (array.data as Float32Array).subarray(start, end);
  return { type: array.type, dims: whole ? rest : [1, ...rest], data } as Tensor;
}

function checkNames(names: readonly string[], inputs: readonly ValueType[], what: string): void {
  const wanted = inputs.map((input) => input.name);
  const missing = inputs.filter((input) => !names.includes(input.name));
  const unknown = names.filter((name) => !wanted.includes(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const parts = [
    ...missing.map((input) =>
      `it has no array for the network's input "${input.name}" (${describe(input)})`
    ),
    ...unknown.map((name) => {
      const [near] = nearest(name, wanted, 1);
      return `its array "${name}" is no input of the network` +
        (near === undefined ? "" : ` (did you mean "${near}"?)`);
    }),
  ];
  const list = (texts: readonly string[]) => texts.map((text) => `"${text}"`).join(", ") || "none";
  throw new UserError(
    `${what}: ${parts.join("; ")}. Arrays: ${list(names)}; inputs: ${list(wanted)}`,
  );
}

function checkType(array: Tensor, input: ValueType, what: string): void {
  if (mayConvert(array.type, input.type)) return;
  throw new UserError(
    `${what} is of type ${array.type}, but the input is ${input.type}; convert it first`,
  );
}

/** @param fed Shape of what the network would be fed. @param stack Shape of the whole array. */
function checkShape(
  fed: readonly number[],
  stack: readonly number[] | undefined,
  input: ValueType,
  what: string,
): void {
  const { dims } = input;
  if (dims === undefined) return;
  const fits = fed.length === dims.length &&
    fed.every((size, axis) => typeof dims[axis] !== "number" || dims[axis] === size);
  if (fits) return;
  if (stack === undefined) {
    throw new UserError(
      `${what} is of shape ${shapeText(fed)}, but the input is ${shapeText(dims)}`,
    );
  }
  const expected = [shapeText(["samples", ...dims]) + " (each sample a whole input)"];
  if (dims.length > 0 && (dims[0] === 1 || typeof dims[0] !== "number")) {
    expected.unshift(shapeText(["samples", ...dims.slice(1)]) + " (each sample a batch of one)");
  }
  throw new UserError(
    `${what} is of shape ${shapeText(stack)}, but the input is ${describe(input)}: ` +
      `expected ${expected.join(" or ")}`,
  );
}

/** @param perSample Elements of one sample in a stack; absent where the array is one sample. */
function checkValues(
  array: Tensor,
  type: Tensor["type"],
  what: string,
  perSample?: number,
): void {
  const at = findUnfit(array, type);
  if (at < 0) return;
  const where = perSample === undefined
    ? `element ${at}`
    : `sample ${Math.floor(at / perSample)} (element ${at % perSample} of it)`;
  const value = array.data[at];
  const finite = typeof value === "bigint" || Number.isFinite(value);
  throw new UserError(
    `${what} holds ${value} in ${where}` +
      (finite
        ? `, which an input of type ${type} cannot hold`
        : `; a range or an accuracy over it would mean nothing. Repair or remove that sample`),
  );
}

function readLabels(
  labels: Tensor | readonly number[] | Int32Array,
  length: number,
  name: string,
): Int32Array {
  const what = `Cannot use ${name}: labels`;
  const isTensor = "dims" in labels;
  if (isTensor && (!mayConvert(labels.type, "int32") || labels.dims.length !== 1)) {
    throw new UserError(
      `${what} must be integers of shape [${length}], one class per sample, got ` +
        `${labels.type} ${shapeText(labels.dims)}`,
    );
  }
  const values = isTensor ? labels.data as ArrayLike<number | bigint> : labels;
  if (values.length !== length) {
    throw new UserError(`${what} are ${values.length}, but there are ${length} samples`);
  }
  return Int32Array.from({ length }, (_, index) => {
    const label = Number(values[index]);
    if (Number.isInteger(label) && label >= -1 && label < 2 ** 31) return label;
    throw new UserError(
      `${what} must be classes counted from 0, or -1 for none; sample ${index} has ${
        values[index]
      }`,
    );
  });
}

function describe(input: ValueType): string {
  return `${input.type} ${input.dims === undefined ? "of any rank" : shapeText(input.dims)}`;
}

function shapeText(dims: readonly (number | string | null)[]): string {
  return `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}
