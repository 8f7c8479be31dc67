import type { ValueType } from "../tensor/tensor.ts";
import { type Dataset, hashSamples, once } from "./dataset.ts";
import { keptAlong, MASK, tokenMask } from "./padding.ts";

/**
 * Cuts the padding off samples, as their mask says, where the network takes them of any length: each is then as
 * long as what it holds, so that padding sets no range, counts in no metric and takes no time. Where the network's
 * length is fixed they stay as they are.
 *
 * @param inputs Of the network.
 * @returns The same data set where there is no padding. What was done is told in `notes`.
 */
export async function trimPadding(
  dataset: Dataset,
  inputs: readonly ValueType[],
): Promise<Dataset> {
  const masks: (readonly boolean[] | undefined)[] = [];
  for (let index = 0; index < dataset.length; index++) {
    masks.push(tokenMask(await dataset.sample(index)));
  }
  const padded = masks.filter((mask) => mask !== undefined);
  const mask = inputs.find(({ name }) => MASK.test(name))!;
  if (padded.length === 0) return dataset;
  if (typeof mask.dims?.[1] === "number") {
    return withNote(
      dataset,
      `Where "${mask.name}" is 0 is padding, which counts in no metric. The network's length is fixed, so ` +
        `ranges are also of padding, and it takes time.`,
    );
  }
  const lengths = padded.map((mask) => mask.filter(Boolean).length);
  const { tokenLabels } = dataset;
  const trimmed: Dataset = {
    ...dataset,
    ...(tokenLabels && {
      tokenLabels: tokenLabels.map((labels, index) => {
        const mask = masks[index];
        return mask?.length === labels.length ? labels.filter((_, i) => mask[i]) : labels;
      }),
    }),
    async sample(index) {
      const feeds = await dataset.sample(index);
      const mask = masks[index];
      return mask === undefined ? feeds : Object.fromEntries(
        Object.entries(feeds).map(([name, tensor]) => {
          const axis = timeAxis(
            inputs.find((input) => input.name === name),
            tensor.dims,
            mask.length,
          );
          return [name, axis < 0 ? tensor : keptAlong(tensor, axis, mask)];
        }),
      );
    },
    hash: once(() => hashSamples(trimmed)),
  };
  return withNote(
    trimmed,
    `Padding is cut off where "${mask.name}" is 0, of ${padded.length} of ${dataset.length} samples: ` +
      `${Math.min(...lengths)} to ${Math.max(...lengths)} positions are left of ${
        padded[0]!.length
      }.`,
  );
}

/** The axis of an input that is as long as a sample, if the network takes any length there; else -1. */
function timeAxis(
  input: ValueType | undefined,
  dims: readonly number[],
  length: number,
): number {
  return dims.findIndex((dim, axis) =>
    axis > 0 && dim === length && typeof input?.dims?.[axis] === "string"
  );
}

function withNote(dataset: Dataset, note: string): Dataset {
  return { ...dataset, notes: [...dataset.notes ?? [], note] };
}
