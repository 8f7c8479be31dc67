import { UserError } from "../errors.ts";
import { type Dataset, hashSamples, once, requireIndex } from "./dataset.ts";

/**
 * A set of samples, and what it is called.
 * @category Samples (advanced)
 */
export interface NamedDataset {
  /** What it holds: `prefill`, `step`. */
  readonly name: string;
  /** Its samples. */
  readonly data: Dataset;
}

/**
 * Sets of samples of one network as one: the prompts and the steps of a decoder, short and long texts. They are
 * calibrated and judged together, each in proportion in every split, and timed each by itself.
 *
 * Where one set has labels of positions, labels of samples in another are those of their only position.
 *
 * @throws {UserError} If a set is made of sequences, or two have one name.
 * @example
 * ```ts
 * import { arrays, float32Tensor } from "octavo";
 * import { joinDatasets } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const prefill = arrays({ x: float32Tensor([2, 3], [1, 2, 3, 4, 5, 6]) });
 * const step = arrays({ x: float32Tensor([1, 1], [7]) });
 * const both = joinDatasets([{ name: "prefill", data: prefill }, { name: "step", data: step }]);
 * assert.deepEqual(both.parts, ["prefill", "prefill", "step"]);
 * ```
 * @category Samples (advanced)
 */
export function joinDatasets(sets: readonly NamedDataset[]): Dataset {
  const name = sets.map(({ data }) => data.name).join(" + ");
  const names = sets.map(({ name }) => name);
  const stream = sets.find(({ data }) => data.stream);
  if (stream) {
    throw new UserError(
      `Cannot join ${name}: "${stream.name}" is made of sequences with a state; give it alone`,
    );
  }
  const twice = names.find((one, i) => names.indexOf(one) < i);
  if (twice !== undefined) {
    throw new UserError(
      `Cannot join ${name}: two sets are called "${twice}"; give each its own name`,
    );
  }
  const places = sets.flatMap(({ data }) =>
    Array.from({ length: data.length }, (_, index) => ({ data, index }))
  );
  const joined: Dataset = {
    name,
    length: places.length,
    parts: sets.flatMap(({ name, data }) => Array<string>(data.length).fill(name)),
    ...labelsOfAll(places),
    sample: (at) => {
      const { data, index } = places[requireIndex(joined, at)]!;
      return data.sample(index);
    },
    hash: once(() => hashSamples(joined)),
  };
  return joined;
}

/** Where a sample is. */
interface Place {
  readonly data: Dataset;
  readonly index: number;
}

function labelsOfAll(places: readonly Place[]): Pick<Dataset, "labels" | "tokenLabels"> {
  const labelOf = ({ data, index }: Place) => data.labels?.[index] ?? -1;
  if (places.some(({ data }) => data.tokenLabels)) {
    return {
      tokenLabels: places.map((place) =>
        place.data.tokenLabels?.[place.index] ?? Int32Array.of(labelOf(place))
      ),
    };
  }
  if (!places.some(({ data }) => data.labels)) return {};
  return { labels: Int32Array.from(places, labelOf) };
}
