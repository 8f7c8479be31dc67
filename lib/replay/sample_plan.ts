import type { Dataset } from "../data/dataset.ts";
import { isLabelled } from "../evaluate/labels_of.ts";
import type { ClassOptions, Metric } from "../evaluate/metric.ts";
import { random } from "../random.ts";
import { type Baseline, baselineOf, type EffectSetup } from "./effect_setup.ts";
import { margin } from "./margins.ts";

/**
 * Which samples variants are run on. Either the margins say it: those whose class leads by less than a
 * variant may move it. Or there are looks: the first samples, then more, until the interval is narrow
 * enough.
 */
export type SamplePlan =
  & {
    /** Indices of all samples that have a score, in an order drawn at random. */
    readonly order: readonly number[];
    /** The first of them, which every variant is run on. */
    readonly screening: readonly number[];
    /** Samples whose class leads least; none where no margins are known. */
    readonly closest: readonly number[];
  }
  & (
    | {
      /** Lead of the chosen class by index of the sample, or what it is at least. */
      readonly margins: number[];
      readonly looks?: undefined;
    }
    | {
      /** Number of samples that have been run at each look, ascending. */
      readonly looks: readonly number[];
      readonly margins?: undefined;
    }
  );

/** Number of samples that every variant is run on, where nothing else is asked. */
const SCREENING = 16;

/** Number of samples with the least lead that are run from the start. */
const CLOSEST = 8;

/** Draws the samples, and looks how far each is from another class. */
export function samplePlan(setup: Omit<EffectSetup, "resolution">): SamplePlan {
  const { replay: { dataset }, metric, float32 } = setup;
  const order = shuffled(scoredSamples(dataset, metric, float32), setup.seed ?? 0);
  const screening = order.slice(0, setup.screening ?? SCREENING);
  const { decidedBy } = metric;
  if (decidedBy) {
    const base = setup.base ?? baselineOf(float32);
    const margins = float32.results!.map((_, index) => leadOf(index, base, setup, decidedBy));
    // Where the output is the class itself, nothing tells how far the next one is.
    if (order.every((index) => !Number.isNaN(margins[index]!))) {
      const byLead = order.toSorted((a, b) => margins[a]! - margins[b]!);
      return { order, screening, closest: byLead.slice(0, CLOSEST), margins };
    }
  }
  const looks = [screening.length, 4 * screening.length, order.length];
  return {
    ...{ order, screening, closest: [] },
    looks: [...new Set(looks.filter((count) => count <= order.length))],
  };
}

/**
 * The lead of the chosen class in the network that is replayed. Where that was not run, the least that it
 * can be: float32's, less what the network may have moved it.
 */
export function leadOf(
  index: number,
  base: Baseline,
  { float32 }: Pick<EffectSetup, "float32">,
  options: ClassOptions,
): number {
  const own = base.results.get(index);
  return own ? margin(own, options) : margin(float32.results![index]!, options) - base.moved;
}

/** Samples that a metric gives a score: those with a label if it takes one, and with anything to be found. */
function scoredSamples(
  dataset: Dataset,
  { usesLabels }: Metric,
  { scores }: EffectSetup["float32"],
): number[] {
  return Array.from({ length: dataset.length }, (_, index) => index)
    .filter((index) => (!usesLabels || isLabelled(dataset, index)) && !Number.isNaN(scores[index]));
}

/** Fisher and Yates's shuffle. */
function shuffled(indices: number[], seed: number): number[] {
  const stream = random(seed);
  for (let i = indices.length - 1; i > 0; i--) {
    const j = Math.floor(stream.between(0, i + 1));
    [indices[i], indices[j]] = [indices[j]!, indices[i]!];
  }
  return indices;
}
