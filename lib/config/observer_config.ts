import { z } from "zod";
import { entropy } from "../calibrate/entropy.ts";
import { BINS } from "../calibrate/histogram.ts";
import { histogram } from "../calibrate/l2_histogram.ts";
import { lpNorm, mse } from "../calibrate/least_error.ts";
import { minMax, type Observer, percentile } from "../calibrate/observers.ts";
import { meanMinMax, movingAverage } from "../calibrate/sample_observers.ts";
import { withBins } from "../calibrate/with_bins.ts";

/** What an observer of a config can be told. */
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

const OBSERVERS = {
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
} satisfies Record<string, NamedObserver>;

/** Name of an observer in a config. */
export type ObserverName = keyof typeof OBSERVERS;

/** The observer of a config that names none: that of `staticInt8()`. */
export const DEFAULT_OBSERVER: ObserverName = "lp-norm";

/** Observers that a config can name. */
export const observerName = z.literal(Object.keys(OBSERVERS) as ObserverName[]);

/** Share of the values to keep, in percent. */
export const percentileValue = z.number().gt(50).lte(100);

/** Power of an error. */
export const powerValue = z.number().gte(1).lte(64);

/** Number of bins of a histogram. */
export const binsValue = z.int().gte(16).lte(BINS);

/** Whether a parameter makes a difference to an observer. */
export function takes(name: ObserverName, parameter: keyof ObserverParameters): boolean {
  const { takes }: NamedObserver = OBSERVERS[name];
  return takes.includes(parameter);
}

/** The observer of a name; parameters that it does not take are left aside. */
export function toObserver(name: ObserverName, parameters: ObserverParameters = {}): Observer {
  const { bins = BINS } = parameters;
  const observer = OBSERVERS[name].make(parameters);
  return bins < BINS && takes(name, "bins") ? withBins(observer, bins) : observer;
}
