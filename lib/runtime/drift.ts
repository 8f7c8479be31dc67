import { median, quantile } from "../tensor/quantile.ts";

/**
 * Whether times moved while they were taken: the medians of the first and the second half differ by
 * more than three standard errors, as the spread within the halves gives them, and by more than 2 %,
 * which is what runs of the same computation differ by on a quiet machine. For 15 steady rounds it
 * says so by chance about once in fifty.
 *
 * @example
 * ```ts
 * import { hasDrifted } from "./drift.ts";
 * import assert from "node:assert/strict";
 * assert.ok(!hasDrifted([40, 44, 41, 43, 42, 40, 44, 41]));
 * assert.ok(hasDrifted([40, 41, 40, 41, 50, 51, 50, 51]));
 * ```
 */
export function hasDrifted(ms: readonly number[]): boolean {
  if (ms.length < 4) return false; // halves of one round have no spread
  const middle = Math.floor(ms.length / 2);
  const halves = [ms.slice(0, middle), ms.slice(middle)] as const;
  const spread = halves.map(spreadOf).reduce((sum, own) => sum + own, 0) / 2;
  const [first, second] = halves;
  const error = spread * Math.sqrt(1 / first.length + 1 / second.length);
  const moved = Math.abs(median(second) - median(first));
  return moved > 3 * error && moved > 0.02 * median(ms);
}

/**
 * Whether anything moved while models took turns: the time of one of them, or a ratio of their times to
 * the first's. Code that was not warm yet makes one of two models faster, which the other does not tell.
 *
 * @param ms Milliseconds, `[round][model]`.
 * @example
 * ```ts
 * import { haveMoved } from "./drift.ts";
 * import assert from "node:assert/strict";
 * const steady = [[40, 20], [41, 21], [40, 20], [41, 21]];
 * assert.ok(!haveMoved([...steady, ...steady]));
 * assert.ok(haveMoved([...steady, [40, 10], [41, 10], [40, 10], [41, 10]]));
 * ```
 */
export function haveMoved(ms: readonly (readonly number[])[]): boolean {
  const models = ms[0]?.length ?? 0;
  return Array.from({ length: models }, (_, model) => model).some((model) =>
    hasDrifted(ms.map((round) => round[model]!)) ||
    model > 0 && hasDrifted(ms.map((round) => round[model]! / round[0]!))
  );
}

/** How well a ratio has to be known, as a share of it, in standard errors of its median. */
const VAGUE = 0.025;

/** Whether the ratio of a model to the first is not known to 10 %, two standard errors on either side. */
export function areVague(ms: readonly (readonly number[])[]): boolean {
  const models = ms[0]?.length ?? 0;
  return Array.from({ length: models }, (_, model) => model).slice(1).some((model) => {
    const ratios = ms.map((round) => round[model]! / round[0]!);
    return spreadOf(ratios) / Math.sqrt(ratios.length) > VAGUE * median(ratios);
  });
}

/**
 * The standard error of a median, times the root of the number of values. Of normal values the
 * interquartile range is 1.349 standard deviations, and the median errs by 1.253 (the root of pi / 2)
 * times as much as the mean. Neither is moved by single slow rounds.
 */
function spreadOf(values: readonly number[]): number {
  return 1.253 * (quantile(values, 0.75) - quantile(values, 0.25)) / 1.349;
}
