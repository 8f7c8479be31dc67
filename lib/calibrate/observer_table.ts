import { entropy } from "./entropy.ts";
import { BINS } from "./histogram.ts";
import { histogram } from "./l2_histogram.ts";
import { lpNorm, mse } from "./least_error.ts";
import { minMax, type Observer, percentile } from "./observers.ts";
import { meanMinMax, movingAverage } from "./sample_observers.ts";
import type { ObserverSpec } from "../record/recipe.ts";
import { withBins } from "./with_bins.ts";

/** What an observer can be told beside its name. */
export interface ObserverParameters {
  /** Share of values that `percentile` keeps, in percent. @default {99.99} */
  readonly percentile?: number;
  /** Power of the errors that `lp-norm` adds up. @default {2.4} */
  readonly power?: number;
  /** Most bins of the histogram that is looked at. @default {4096, all} */
  readonly bins?: number;
}

/** What a name stands for, and which parameters make a difference to it. */
interface NamedObserver {
  readonly make: (parameters: ObserverParameters) => Observer;
  readonly takes: readonly (keyof ObserverParameters)[];
}

/**
 * Name of an observer, in configs, recipes and records.
 * @category Observers (advanced)
 */
export type ObserverName =
  | "min-max"
  | "moving-average"
  | "mean-min-max"
  | "percentile"
  | "lp-norm"
  | "mse"
  | "histogram"
  | "entropy";

/**
 * To add an observer, write its file and name it here: configs, recipes and sweeps then know it. The search
 * tries those that `SEARCH_OBSERVERS` lists.
 */
const OBSERVERS: Readonly<Record<ObserverName, NamedObserver>> = {
  "min-max": { make: minMax, takes: [] },
  "moving-average": { make: movingAverage, takes: [] },
  "mean-min-max": { make: meanMinMax, takes: [] },
  "percentile": {
    make: ({ percentile: percent = 99.99 }) => percentile(percent),
    takes: ["percentile", "bins"],
  },
  "lp-norm": { make: ({ power }) => lpNorm(power), takes: ["power", "bins"] },
  "mse": { make: mse, takes: ["bins"] },
  "histogram": { make: histogram, takes: ["bins"] },
  "entropy": { make: entropy, takes: ["bins"] },
};

/** The observer of whatever names none: that of `staticInt8()`. */
export const DEFAULT_OBSERVER: ObserverName = "lp-norm";

/** Names of all of them. */
export const OBSERVER_NAMES: ObserverName[] = Object.keys(OBSERVERS) as ObserverName[];

/** Whether a parameter makes a difference to an observer. */
export function takes(name: ObserverName, parameter: keyof ObserverParameters): boolean {
  return OBSERVERS[name].takes.includes(parameter);
}

/** Whether there is an observer of this name. */
export function isObserverName(name: string): name is ObserverName {
  return Object.hasOwn(OBSERVERS, name);
}

/**
 * The observer of a name; parameters that it does not take are left aside.
 *
 * @example
 * ```ts
 * import { toObserver } from "./observer_table.ts";
 * import assert from "node:assert/strict";
 * assert.equal(toObserver("percentile", { percentile: 99.9 }).name, "percentile 99.9");
 * assert.equal(toObserver("lp-norm").name, "lp-norm 2.4");
 * ```
 */
export function toObserver(name: ObserverName, parameters: ObserverParameters = {}): Observer {
  const { bins = BINS } = parameters;
  const observer = OBSERVERS[name].make(parameters);
  return bins < BINS && takes(name, "bins") ? withBins(observer, bins) : observer;
}

/** An observer as a recipe says it: the parameters that it takes, each with its value. */
export function observerSpec(
  name: ObserverName,
  { percentile = 99.99, power = 2.4, bins = BINS }: ObserverParameters = {},
): ObserverSpec {
  return {
    name,
    ...(takes(name, "percentile") && { percentile }),
    ...(takes(name, "power") && { power }),
    ...(takes(name, "bins") && bins < BINS && { bins }),
  };
}
