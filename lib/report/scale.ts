/** Maps values to pixels, and knows where its axis wants ticks. */
export interface Scale {
  /** Position of a value, px. */
  readonly at: (value: number) => number;
  /** Round values within the domain, ascending. */
  readonly ticks: readonly number[];
  /** Decimals that tell all ticks apart. */
  readonly decimals: number;
}

/**
 * A linear scale.
 *
 * @param domain Values at the two ends, low < high.
 * @param range Pixels at the two ends, in the same order; may run backwards, as for a vertical axis.
 * @param count About how many ticks.
 */
export function linearScale(
  domain: readonly [number, number],
  range: readonly [number, number],
  count: number,
): Scale {
  const [low, high] = domain;
  const [from, to] = range;
  if (!(high > low)) throw new RangeError(`Cannot scale: domain must ascend, got [${domain}]`);
  const at = (value: number) => from + (value - low) / (high - low) * (to - from);
  return { at, ...linearTicks(low, high, count) };
}

/**
 * A logarithmic scale, for ratios: half and double stand equally far from 1.
 *
 * @param domain Values at the two ends, 0 < low < high.
 * @param range Pixels at the two ends, in the same order.
 * @param count At most about how many ticks.
 */
export function logScale(
  domain: readonly [number, number],
  range: readonly [number, number],
  count: number,
): Scale {
  const [low, high] = domain;
  const [from, to] = range;
  if (!(low > 0 && high > low)) {
    throw new RangeError(`Cannot scale: domain must ascend from above 0, got [${domain}]`);
  }
  const at = (value: number) => from + Math.log(value / low) / Math.log(high / low) * (to - from);
  // Within a factor of two, even steps read better than steps of 1, 2, 5.
  return { at, ...(high / low < 2 ? linearTicks(low, high, count) : logTicks(low, high, count)) };
}

/** Ticks 1, 2 or 5 times a power of ten apart, the step chosen to come nearest to `count` of them. */
function linearTicks(low: number, high: number, count: number): Pick<Scale, "ticks" | "decimals"> {
  const rough = (high - low) / count;
  const power = Math.floor(Math.log10(rough));
  const steps = [1, 2, 5, 10].map((k) => ({ k, step: k * 10 ** power }));
  const miss = (step: number) => Math.abs(Math.log(step / rough));
  const { k, step } = steps.reduce((best, s) => miss(s.step) < miss(best.step) ? s : best);
  const decimals = Math.max(0, -(k === 10 ? power + 1 : power));
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push(Number((i * step).toFixed(decimals)) + 0);
  }
  return { ticks, decimals };
}

/** The densest of a few customary rows of round numbers that stays within `count` ticks. */
function logTicks(low: number, high: number, count: number): Pick<Scale, "ticks" | "decimals"> {
  const rows = [
    [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9],
    [1, 1.5, 2, 3, 4, 5, 6, 8],
    [1, 1.5, 2, 3, 5, 7],
    [1, 2, 5],
    [1],
  ];
  const between = (row: readonly number[]) => {
    const ticks: number[] = [];
    for (let p = Math.floor(Math.log10(low)); 10 ** p <= high; p++) {
      for (const k of row) {
        const tick = Number((k * 10 ** p).toPrecision(3));
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    return ticks;
  };
  const candidates = rows.map(between);
  const ticks = candidates.find((row) => row.length <= count) ?? candidates.at(-1)!;
  const decimals = Math.max(0, ...ticks.map((tick) => (String(tick).split(".")[1] ?? "").length));
  return { ticks, decimals };
}
