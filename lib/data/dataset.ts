import type { Feeds } from "../tensor/tensor.ts";
import { bytesOf } from "./shared.ts";
import { selectStream, type Stream } from "./stream.ts";

/**
 * Samples that a network can be fed one at a time, each with a batch of one. Any object of this
 * shape will do. Samples may differ in shape (sentences, recordings).
 * @category Samples
 */
export interface Dataset {
  /** For messages and reports, e.g. the file's name. */
  readonly name: string;
  /** Number of samples. */
  readonly length: number;
  /** Class of each sample, -1 where it is not known. Absent: no sample has a label. */
  readonly labels?: Int32Array;
  /**
   * Class of each position of each sample, -1 where it is not known: the next token in a text, the kind of a
   * word. Absent: no position has a label.
   */
  readonly tokenLabels?: readonly Int32Array[];
  /** Name of the set that each sample is of, where there are several, see `joinDatasets()`. */
  readonly parts?: readonly string[];
  /** Sentences on what was decided when it was read, to be told to whoever brought it. */
  readonly notes?: readonly string[];
  /**
   * Set where the samples are steps of sequences, between which a state is fed back: see `stateful()`.
   * Each sample then holds the state that a sequence begins with.
   */
  readonly stream?: Stream;
  /** The inputs of sample `index`, in 0..length-1; always the same for the same index. */
  sample(index: number): Feeds | Promise<Feeds>;
  /** SHA-256 over all samples and labels, as hexadecimal digits: what tells one data set from another. */
  hash(): Promise<string>;
}

/**
 * All samples of a data set, in order, made as they are asked for.
 * @example
 * ```ts
 * import { arrays, float32Tensor, samples } from "octavo";
 * import assert from "node:assert/strict";
 * const data = arrays({ x: float32Tensor([2, 1], [1, 2]) });
 * for await (const { x } of samples(data)) assert.deepEqual(x!.dims, [1, 1]);
 * ```
 * @category Samples
 */
export async function* samples(dataset: Dataset): AsyncGenerator<Feeds> {
  for (let index = 0; index < dataset.length; index++) yield await dataset.sample(index);
}

/**
 * The samples at `indices`, in that order. They are not copied.
 *
 * @param name Name of the selection. @default {the data set's own}
 * @throws {RangeError} If an index is not one of the data set's.
 * @throws {UserError} If they are steps of sequences, and some are left out in between.
 * @example
 * ```ts
 * import { arrays, float32Tensor, samples, select } from "octavo";
 * import assert from "node:assert/strict";
 * const three = arrays({ x: float32Tensor([3, 1], [1, 2, 3]) });
 * const [first] = await Array.fromAsync(samples(select(three, [2, 0])));
 * assert.deepEqual(first!.x!.data, new Float32Array([3]));
 * ```
 * @category Samples
 */
export function select(
  dataset: Dataset,
  indices: ArrayLike<number>,
  name: string = dataset.name,
): Dataset {
  const chosen = Array.from(indices, (index) => requireIndex(dataset, index));
  const { labels, tokenLabels, parts } = dataset;
  const stream = dataset.stream && selectStream(dataset.stream, chosen, dataset.name);
  const selection: Dataset = {
    name,
    length: chosen.length,
    ...(labels && { labels: Int32Array.from(chosen, (index) => labels[index]!) }),
    ...(tokenLabels && { tokenLabels: chosen.map((index) => tokenLabels[index]!) }),
    ...(parts && { parts: chosen.map((index) => parts[index]!) }),
    ...(stream && { stream }),
    sample: (index) => dataset.sample(chosen[requireIndex(selection, index)]!),
    hash: once(() => hashSamples(selection)),
  };
  return selection;
}

/**
 * The samples from `start` up to, not including, `end`; both are cut to the data set's length.
 * @example
 * ```ts
 * import { arrays, float32Tensor, slice } from "octavo";
 * import assert from "node:assert/strict";
 * const data = arrays({ x: float32Tensor([3, 1], [1, 2, 3]) });
 * assert.equal(slice(data, 1).length, 2);
 * ```
 * @category Samples
 */
export function slice(dataset: Dataset, start = 0, end: number = dataset.length): Dataset {
  const last = Math.min(end, dataset.length);
  return select(dataset, Array.from({ length: Math.max(0, last - start) }, (_, i) => start + i));
}

/**
 * The hash of a data set by what it holds: SHA-256 over each sample's inputs (name, type, shape,
 * bytes; in order of name) and label, sample by sample, and of a stream how they follow one another.
 * Where the samples came from does not count, so the same selection of another file has the same
 * hash.
 *
 * @example
 * ```ts
 * import { arrays } from "./arrays.ts";
 * import { slice } from "./dataset.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const three = arrays({ x: float32([3, 1], [1, 2, 3]) });
 * const two = arrays({ x: float32([2, 1], [1, 2]) });
 * assert.equal(await slice(three, 0, 2).hash(), await two.hash());
 * ```
 */
export async function hashSamples(dataset: Dataset): Promise<string> {
  const { createHash } = await import("node:crypto"); // a page has none
  const hash = createHash("sha256");
  let index = 0;
  for await (const feeds of samples(dataset)) {
    const names = Object.keys(feeds).sort();
    const inputs = names.map((name) => [name, feeds[name]!.type, feeds[name]!.dims]);
    hash.update(JSON.stringify([inputs, dataset.labels?.[index] ?? -1]));
    const tokenLabels = dataset.tokenLabels?.[index];
    if (tokenLabels) hash.update(JSON.stringify([...tokenLabels]));
    for (const name of names) hash.update(bytesOf(feeds[name]!));
    index++;
  }
  const { state, lengths } = dataset.stream ?? {};
  if (state) hash.update(JSON.stringify([Object.entries(state).sort(), lengths]));
  return hash.digest("hex");
}

/**
 * The index of a sample, if it is one.
 *
 * @throws {RangeError} If it is not a whole number in 0..length-1.
 */
export function requireIndex({ name, length }: Pick<Dataset, "name" | "length">, index: number) {
  if (Number.isInteger(index) && index >= 0 && index < length) return index;
  throw new RangeError(`Cannot take sample ${index} of ${name}: it has ${length} samples`);
}

/** Calls `make` at the first call only and keeps its answer. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
