import { UserError } from "../errors.ts";
import type { Feeds, Tensor, ValueType } from "../tensor/tensor.ts";

/** The name of an array of one sample: `input_ids/12`. */
const OF_SAMPLE = /^(.*)\/(\d+)$/;

/** Samples that a file holds one by one. */
export interface ListedArrays {
  readonly samples: readonly Feeds[];
  /** Labels of the positions of each sample, if it holds them so. */
  readonly labels?: readonly Int32Array[];
}

/**
 * The samples of a file that holds an array for each of them, as they differ in length: `input_ids/0`,
 * `input_ids/1`, ... Others, such as `labels`, are left alone.
 *
 * @param inputs Of the network: an array of a rank less than its input is fed as a batch of one.
 * @returns Undefined where no array has such a name.
 * @throws {UserError} If a sample lacks an array that others have.
 */
export function listedArrays(
  arrays: Readonly<Record<string, Tensor>>,
  inputs: readonly ValueType[],
  file: string,
): ListedArrays | undefined {
  const named = Object.keys(arrays).flatMap((key) => {
    const [, name, index] = OF_SAMPLE.exec(key) ?? [];
    return name === undefined ? [] : [{ key, name, index: Number(index) }];
  });
  if (named.length === 0) return undefined;
  const length = Math.max(...named.map(({ index }) => index)) + 1;
  const names = [...new Set(named.map(({ name }) => name))];
  const known = new Map(named.map(({ key, name, index }) => [`${name}/${index}`, arrays[key]!]));
  const at = (name: string, index: number): Tensor => {
    const found = known.get(`${name}/${index}`);
    if (found) return found;
    throw new UserError(
      `Cannot use ${file}: it has no array "${name}/${index}", but others of sample ${index} or later; ` +
        `samples are counted from 0, and each has an array for every input`,
    );
  };
  const samples = Array.from({ length }, (_, index) =>
    Object.fromEntries(
      names.filter((name) => name !== "labels").map((name) => [
        name,
        asFed(at(name, index), inputs.find((input) => input.name === name)),
      ]),
    ));
  if (!names.includes("labels")) return { samples };
  const labels = samples.map((_, index) =>
    Int32Array.from(at("labels", index).data as ArrayLike<number | bigint>, Number)
  );
  return { samples, labels };
}

/** An array as the whole input; one of a rank less as a batch of one. */
function asFed(tensor: Tensor, input: ValueType | undefined): Tensor {
  return tensor.dims.length + 1 === input?.dims?.length
    ? { ...tensor, dims: [1, ...tensor.dims] }
    : tensor;
}
