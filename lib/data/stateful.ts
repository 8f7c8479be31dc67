import { UserError } from "../errors.ts";
import { elementCount, type Feeds, type Tensor, type ValueType } from "../tensor/tensor.ts";
import { type Dataset, hashSamples, once } from "./dataset.ts";
import { inputText } from "./shapes.ts";
import { sharedArray } from "./shared.ts";

/**
 * Options for {@linkcode stateful}.
 * @category Samples (advanced)
 */
export interface StatefulOptions {
  /** Output of the network → the input that takes it at the next step. */
  state: Readonly<Record<string, string>>;
  /**
   * Steps of each sequence, in order, or one number for all, of which the last may have fewer: where
   * a sequence begins, the state begins anew. @default {all samples are one sequence}
   */
  lengths?: readonly number[] | number;
  /**
   * What every sequence begins with, by name of the input. @default {what its first sample holds;
   * where it holds no state, zeros, for which `inputs` must be given}
   */
  initial?: Feeds;
  /**
   * The network's inputs, to know the shape of a state that begins with zeros. A dynamic dimension
   * that has the name of another input's first one is the batch, and 1.
   */
  inputs?: readonly ValueType[];
}

/**
 * Declares that the samples of a data set are steps in time, and that the network gives back a state
 * which it takes again at the next step. Wherever the data set is run, for calibration as for
 * evaluation, the outputs are then fed back, sequence by sequence, so that an error of one step is
 * carried into the next as it will be in use.
 *
 * Samples of one sequence are not independent: where intervals are given, a sequence counts as one
 * observation. Cut a recording into some tens of sequences for them.
 *
 * @param dataset One step per sample. States that it holds are used where a sequence begins.
 * @throws {UserError} If lengths do not add up, or an initial state is not to be had.
 * @example A network with input "x" and state "h", which it gives back as "h_out"
 * ```ts
 * import { arrays, float32Tensor, stateful } from "octavo";
 * import assert from "node:assert/strict";
 * const steps = arrays({ x: float32Tensor([6, 1], [1, 2, 3, 4, 5, 6]) });
 * const data = stateful(steps, {
 *   state: { h_out: "h" },
 *   lengths: 3,
 *   inputs: [{ name: "h", type: "float32", dims: [1, 2] }],
 * });
 * assert.deepEqual((await data.sample(0)).h!.data, new Float32Array(2));
 * assert.deepEqual(data.stream!.lengths, [3, 3]);
 * ```
 * @category Samples
 */
export function stateful(dataset: Dataset, options: StatefulOptions): Dataset {
  const { state, initial = {}, inputs } = options;
  const lengths = sequenceLengths(dataset, options.lengths ?? [dataset.length]);
  if (Object.keys(state).length === 0) {
    throw new UserError(
      `Cannot make a stream of ${dataset.name}: no state is named; ` +
        `give state: { <output>: "<input>" }`,
    );
  }
  const fedBack = Object.values(state);
  const twice = fedBack.find((name, i) => fedBack.indexOf(name) < i);
  if (twice !== undefined) {
    throw new UserError(
      `Cannot make a stream of ${dataset.name}: input "${twice}" would take two outputs`,
    );
  }
  const begin = (feeds: Feeds, name: string): Tensor => {
    const given = [initial, feeds].find((values) => Object.hasOwn(values, name));
    return given?.[name] ?? zeros(name, fedBack, inputs, dataset.name);
  };
  const stream: Dataset = {
    name: dataset.name,
    length: dataset.length,
    ...(dataset.labels && { labels: dataset.labels }),
    ...(dataset.tokenLabels && { tokenLabels: dataset.tokenLabels }),
    stream: { state, lengths },
    async sample(index) {
      const feeds = await dataset.sample(index);
      return { ...feeds, ...Object.fromEntries(fedBack.map((name) => [name, begin(feeds, name)])) };
    },
    hash: once(() => hashSamples(stream)),
  };
  return stream;
}

function sequenceLengths(
  { name, length }: Dataset,
  lengths: readonly number[] | number,
): readonly number[] {
  const given = typeof lengths === "number" ? [lengths] : lengths;
  const wrong = given.find((steps) => !Number.isInteger(steps) || steps < 1);
  if (wrong !== undefined) {
    throw new UserError(
      `Cannot make a stream of ${name}: a sequence has 1 step or more, got ${wrong}`,
    );
  }
  if (typeof lengths === "number") {
    const count = Math.ceil(length / lengths);
    return Array.from({ length: count }, (_, i) => Math.min(lengths, length - i * lengths));
  }
  const sum = lengths.reduce((a, b) => a + b, 0);
  if (sum !== length) {
    throw new UserError(
      `Cannot make a stream of ${name}: the sequences have ${sum} steps together, ` +
        `but there are ${length} samples`,
    );
  }
  return lengths;
}

/** @param fedBack All inputs that are states. */
function zeros(
  name: string,
  fedBack: readonly string[],
  inputs: readonly ValueType[] | undefined,
  data: string,
): Tensor {
  const input = inputs?.find((input) => input.name === name);
  const fail = (why: string): never => {
    throw new UserError(
      `Cannot make a stream of ${data}: ${why}; give initial: { "${name}": <tensor> }`,
    );
  };
  if (!inputs || !input) {
    const names = inputs?.map(({ name }) => `"${name}"`).join(", ");
    return fail(
      names
        ? `the network has no input "${name}" (it has ${names})`
        : `its samples hold no "${name}" to begin with`,
    );
  }
  const { type, dims } = input;
  const others = inputs.filter(({ name }) => !fedBack.includes(name));
  const batches = others.map((other) => other.dims?.[0]).filter((dim) => typeof dim === "string");
  const shape = dims?.map((dim) => typeof dim === "string" && batches.includes(dim) ? 1 : dim);
  if (type === "string" || !shape?.every((dim) => typeof dim === "number")) {
    return fail(`the state "${name}", ${inputText(input)}, has no fixed shape to begin with zeros`);
  }
  return { type, dims: shape, data: sharedArray(type, elementCount(shape)) } as Tensor;
}
