import { UserError } from "../errors.ts";
import {
  elementCount,
  type Feeds,
  type NumericType,
  type Tensor,
  type ValueType,
} from "../tensor/tensor.ts";
import { convertTensor, findUnfit, mayConvert } from "./cast.ts";
import { type Dataset, hashSamples, once, requireIndex } from "./dataset.ts";
import { matchInputs, requireNames } from "./match_inputs.ts";
import { type LabelValues, readLabels } from "./read_labels.ts";
import { requireShape } from "./shapes.ts";
import { shareTensor } from "./shared.ts";

/** Most samples that a data set has: places among them are kept as 32-bit integers. */
const MOST_SAMPLES = 2 ** 31 - 1;

/**
 * Options for {@linkcode arrays}.
 * @category Samples (advanced)
 */
export interface ArraysOptions {
  /** For messages and reports. @default {"arrays"} */
  name?: string;
  /**
   * Class of each sample, -1 where it is not known; a tensor must be of integers, shape [N]. Or the class of
   * each position, as long as an input's second axis: a tensor [N, positions], or a list for each sample.
   */
  labels?: LabelValues;
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
 * One array is taken for an only input whatever its name; `notes` of the data set say so.
 *
 * @throws {UserError} Naming the array and what was expected: missing or unknown names, types,
 * shapes, numbers of samples that differ, NaN or infinity, labels that are no classes.
 * @example
 * ```ts
 * import { arrays, float32Tensor } from "octavo";
 * import assert from "node:assert/strict";
 * const data = arrays({ x: float32Tensor([3, 2], [1, 2, 3, 4, 5, 6]) }, { labels: [0, 1, 0] });
 * assert.equal(data.length, 3);
 * assert.deepEqual((await data.sample(1)).x!.dims, [1, 2]);
 * ```
 * @category Samples
 */
export function arrays(
  values: Readonly<Record<string, Tensor>> | readonly Feeds[],
  options: ArraysOptions = {},
): Dataset {
  const { name = "arrays", inputs } = options;
  const { length, sample, positions, notes = [] } = Array.isArray(values)
    ? listed(values as readonly Feeds[], name, inputs)
    : stacked(values as Readonly<Record<string, Tensor>>, name, inputs);
  if (length === 0) throw new UserError(`Cannot use ${name}: it holds no samples`);
  if (length > MOST_SAMPLES) {
    throw new UserError(`Cannot use ${name}: it holds ${length} samples, more than can be counted`);
  }
  const labels = options.labels && readLabels(options.labels, { name, length, positions });
  const dataset: Dataset = {
    name,
    length,
    ...labels,
    ...(notes.length > 0 && { notes }),
    sample: (index) => sample(requireIndex(dataset, index)),
    hash: once(() => hashSamples(dataset)),
  };
  return dataset;
}

interface Source {
  length: number;
  /** Lengths of the arrays' second axes. */
  positions: ReadonlySet<number>;
  /** What was decided about them. */
  notes?: readonly string[];
  sample(index: number): Feeds;
}

/** Samples along the first axis of each array. */
function stacked(
  values: Readonly<Record<string, Tensor>>,
  name: string,
  inputs: readonly ValueType[] | undefined,
): Source {
  const names = Object.keys(values);
  const [first] = names;
  if (first === undefined && !inputs?.length) {
    throw new UserError(`Cannot use ${name}: it holds no arrays`);
  }
  const matches: { array: string; input?: ValueType }[] = inputs
    ? matchInputs(values, inputs, name)
    : names.map((array) => ({ array }));
  const length = values[first!]!.dims[0] ?? 0;

  const columns = matches.map(({ array: key, input }) => {
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
    const whole = input?.dims !== undefined && array.dims.length === input.dims.length + 1;
    if (input) {
      const fed = whole ? array.dims.slice(1) : [1, ...array.dims.slice(1)];
      checkType(array, input, what);
      requireShape(fed, array.dims, input, what);
    }
    checkValues(array, input?.type ?? array.type, what, elementCount(array.dims.slice(1)));
    const type = input?.type ?? array.type;
    const shared = type === array.type ? shareTensor(array) : array;
    return { key: input?.name ?? key, array: shared, type, whole };
  });
  return {
    length,
    positions: new Set(names.map((key) => values[key]!.dims[1] ?? 1)),
    notes: matches.filter(({ array, input }) => input && input.name !== array)
      .map(({ array, input }) => `Array "${array}" is taken for the input "${input!.name}".`),
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
    if (inputs) requireNames(Object.keys(feeds), inputs, where);
    const entries = Object.entries(feeds).map(([key, tensor]) => {
      const what = `${where}: array "${key}"`;
      const input = inputs?.find((input) => input.name === key);
      if (input) {
        checkType(tensor, input, what);
        requireShape(tensor.dims, undefined, input, what);
      }
      checkValues(tensor, input?.type ?? tensor.type, what);
      return [key, shareTensor(tensor), input?.type ?? tensor.type] as const;
    });
    return entries;
  });
  return {
    length: kept.length,
    positions: new Set(),
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

function checkType(array: Tensor, input: ValueType, what: string): void {
  if (mayConvert(array.type, input.type)) return;
  if (input.type === "bfloat16") {
    throw new UserError(
      `${what} cannot be fed: the input is bfloat16, a type that neither numpy's files nor ` +
        `onnxruntime-web's tensors have; export the network with float32 inputs`,
    );
  }
  throw new UserError(
    `${what} is of type ${array.type}, but the input is ${input.type}; convert it first`,
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
