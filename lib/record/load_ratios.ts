import type { ColdStartRecord } from "./cold_start.ts";
import type { Estimate } from "./metric_info.ts";

/**
 * Largest accepted ratios to the model as given of what it takes to open one; Infinity accepts any.
 * @category Records (advanced)
 */
export interface LoadRatios {
  /** Of the time to create a session. */
  readonly maxCreate: number;
  /** Of the WASM heap, the runtime's own part of it among it. */
  readonly maxHeap: number;
}

/** The same where some are not said. */
type Asked = { readonly [L in keyof LoadRatios]?: LoadRatios[L] | undefined };

/** What is accepted where nobody says otherwise. */
const DEFAULT_RATIO = 2;

/** Workers that it takes to have no doubt. */
const LEAST_ROUNDS = 3;

/** What each limit is of, and how a table remarks on what is above it. */
const LIMITS = {
  maxCreate: { part: "create", of: "time to create a session", remark: "slow to create" },
  maxHeap: { part: "heap", of: "WASM heap", remark: "large in memory" },
} as const;

/** A limit that a model is above. */
export interface Exceeded {
  readonly name: keyof LoadRatios;
  /** What it limits, e.g. `time to create a session`. */
  readonly of: string;
  /** What a table says of the model. */
  readonly remark: string;
  /** What was measured. */
  readonly ratio: Estimate;
  readonly most: number;
}

/** The limits that hold, where some were asked for. */
export function loadRatios(
  { maxCreate = DEFAULT_RATIO, maxHeap = DEFAULT_RATIO }: Asked = {},
): LoadRatios {
  return { maxCreate, maxHeap };
}

/** The limits that there are, as a record keeps them: those that accept any are left out. */
export function finiteRatios(ratios: LoadRatios): Partial<LoadRatios> {
  return Object.fromEntries(Object.entries(ratios).filter(([, most]) => Number.isFinite(most)));
}

/**
 * The limits that a model is above beyond doubt: all of the ratio's interval is. What was not measured, or
 * in one or two workers, proves nothing.
 */
export function exceededRatios(
  ratios: Asked,
  { coldStart }: { readonly coldStart?: ColdStartRecord | undefined },
): Exceeded[] {
  if (coldStart === undefined || coldStart.rounds < LEAST_ROUNDS) return [];
  return (Object.keys(LIMITS) as (keyof LoadRatios)[]).flatMap((name) => {
    const { part, ...said } = LIMITS[name];
    const { ratio } = coldStart[part];
    const most = ratios[name] ?? Infinity;
    return ratio.low > most ? [{ name, ...said, ratio, most }] : [];
  });
}

/** Whether a model is above a limit beyond doubt, see {@linkcode exceededRatios}. */
export function isCostlyToOpen(
  ratios: Asked,
  measured: { readonly coldStart?: ColdStartRecord | undefined },
): boolean {
  return exceededRatios(ratios, measured).length > 0;
}
