import { atLength } from "../data/at_length.ts";
import { type Dataset, select } from "../data/dataset.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { Runtime } from "./runtime.ts";
import { timedSamples } from "./timed_samples.ts";

/** Samples that a model is timed on by themselves. */
export interface TimingCase {
  /** e.g. `length 128`, or the name of a set of samples; absent where there is one case for all. */
  readonly name?: string;
  /** Positions of each sample, where that was asked for. */
  readonly length?: number;
  readonly samples: readonly Feeds[];
}

/** Options for {@linkcode timingCases}. */
export interface TimingCasesOptions {
  readonly model: Model;
  readonly runtime: Runtime;
  /** Most samples of a case. */
  readonly count: number;
  /** Lengths to time at. @default {those of the samples} */
  readonly lengths?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a model is timed on: the first samples as they are; or those at each of some lengths. Of several sets each
 * by itself as it is, and the first at the lengths.
 *
 * @throws {UserError} If there are lengths, and the network's is fixed.
 */
export async function timingCases(
  dataset: Dataset,
  { model, runtime, count, lengths = [], signal }: TimingCasesOptions,
): Promise<TimingCase[]> {
  const options = { model, runtime, signal };
  const sets: TimingCase[] = [];
  for (const part of new Set(dataset.parts)) {
    const own = select(dataset, indicesOf(dataset, part));
    sets.push({ name: part, samples: await timedSamples(own, count, options) });
  }
  const samples = sets[0]?.samples ?? await timedSamples(dataset, count, options);
  if (samples.length === 0) return [];
  if (lengths.length === 0) return sets.length > 0 ? sets : [{ samples }];
  const { inputs } = valueTypes(model.graph);
  const atLengths = [...new Set(lengths)].sort((a, b) => a - b).map((length) => ({
    name: `length ${length}`,
    length,
    samples: samples.map((feeds) => atLength(feeds, inputs, length)),
  }));
  return [...sets, ...atLengths];
}

/** The samples of a set. */
function indicesOf({ parts = [] }: Dataset, part: string): number[] {
  return [...parts.keys()].filter((index) => parts[index] === part);
}
