import type { Estimate, MetricInfo } from "../record/metric_info.ts";
import type { Study } from "../record/study_record.ts";

/** U+2212, as wide as "+", so that signed columns line up. */
const MINUS = "−";

/**
 * A number with fixed decimals and a true minus sign; never "−0.00". Independent of the machine's
 * locale, because a report must come out the same everywhere.
 */
export function decimal(value: number, decimals: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** Like {@linkcode decimal}, with a plus sign before what is above zero as printed. */
export function signed(value: number, decimals: number): string {
  const text = decimal(value, decimals);
  return value > 0 && /[1-9∞]/.test(text) ? `+${text}` : text;
}

/** A whole number with commas between thousands: `2,000`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 sample`, `2,000 samples`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A trial's name behind its number in the trial table: `2: static and dynamic (trial 1)`. */
export function numbered(number: number, name: string): string {
  return `${number}: ${name}`;
}

/** A factor: `×0.45`, `×12.3`, `×0.004`. */
export function factor(value: number): string {
  return `×${decimal(value, factorDecimals(value))}`;
}

/** The interval of a factor: `[0.44, 0.46]`. */
export function factorRange({ value, low, high }: Estimate): string {
  const decimals = factorDecimals(value);
  return `[${decimal(low, decimals)}, ${decimal(high, decimals)}]`;
}

/** A factor with its interval: `×0.45 [0.44, 0.46]`. */
export function factorInterval(estimate: Estimate): string {
  return `${factor(estimate.value)} ${factorRange(estimate)}`;
}

function factorDecimals(value: number): number {
  if (value >= 10) return 1;
  return value < 0.095 ? 3 : 2;
}

/** Bytes in powers of ten, as download sizes are given: `7.62 MB`, `12.3 MB`, `412 kB`, `96 B`. */
export function megabytes(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  // From 999,500 B on, three digits of kB would round to 1000.
  const [size, unit] = bytes < 999_500 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${decimal(size, size < 9.995 ? 2 : size < 99.95 ? 1 : 0)} ${unit}`;
}

/** Milliseconds with three digits: `12.3`, `0.045`. */
export function milliseconds(ms: number): string {
  return decimal(ms, ms >= 99.95 ? 0 : ms >= 9.995 ? 1 : ms >= 0.9995 ? 2 : 3);
}

/** A share as `12.3 %`. */
export function percent(share: number): string {
  return `${decimal(100 * share, 1)} %`;
}

/** How one study writes its metric: decimals by metric, so that a column never changes its form. */
export interface MetricFormat {
  /** `94.2`; without the unit, for tables whose heading gives it. */
  value(value: number): string;
  /** `[91.8, 95.9]` */
  range(estimate: Estimate): string;
  /** `−0.30` */
  difference(value: number): string;
  /** `[−0.74, +0.14]` */
  differenceRange(estimate: Estimate): string;
  /** What is accepted: a drop, `0.5 points`; of a relative metric a value, `30 dB or more`. */
  budget: string;
  /** ` %`, ` dB` or nothing, to put after a value. */
  unit: string;
  /** ` points`, ` dB` or nothing, to put after a difference. */
  differenceUnit: string;
  /** `top-1, %`: heading of a column. */
  heading: string;
  /** `difference, points`: heading of a column. */
  differenceHeading: string;
}

/**
 * Whether the metric measures closeness to float32 itself (agreement, SQNR). Float32's own value is then
 * known and not estimated, and a difference from it says nothing that the value does not.
 */
export function isRelative({ metric }: Pick<Study, "metric">): boolean {
  return metric.perfect !== undefined;
}

/** What a metric is called beside the SQNR over all values, from which that of a sample may differ. */
export function metricLabel({ name, signalToNoise }: MetricInfo): string {
  return signalToNoise ? `${name}, mean of samples` : name;
}

/** What the SQNR of the outputs is called where all values of all samples count alike. */
export const SQNR_OVER_ALL = "SQNR over all values, dB";

/** The format of a study's metric. */
export function metricFormat(
  study: { readonly metric: MetricInfo; readonly maxDrop: number; readonly baseline: Selection },
): MetricFormat {
  const { metric, baseline, maxDrop } = study;
  const [decimals, differenceDecimals] = metricDecimals(metric, baseline.selection.value);
  const unit = metric.unit === "" ? "" : ` ${metric.unit}`;
  const differenceUnit = metric.unit === "%" ? " points" : unit;
  const sense = metric.higherIsBetter ? -1 : 1;
  // Sums like 150 - 120 carry no more than a few digits, whatever binary makes of them.
  const limit = Number((baseline.selection.value + sense * maxDrop).toPrecision(12));
  const points = metric.unit === "%" && maxDrop === 1 ? " point" : differenceUnit;
  const value = (x: number) => decimal(x, decimals);
  const difference = (x: number) => signed(x, differenceDecimals);
  return {
    value,
    range: ({ low, high }) => `[${value(low)}, ${value(high)}]`,
    difference,
    differenceRange: ({ low, high }) => `[${difference(low)}, ${difference(high)}]`,
    budget: isRelative(study)
      ? `${limit}${unit} or ${metric.higherIsBetter ? "more" : "less"}`
      : `${Number(maxDrop.toPrecision(6))}${points}`,
    unit,
    differenceUnit,
    heading: `${metricLabel(metric)}${unit && `,${unit}`}`,
    differenceHeading: `difference${differenceUnit && `,${differenceUnit}`}`,
  };
}

/** Float32's value of the metric on the samples that trials are chosen by. */
interface Selection {
  readonly selection: Pick<Estimate, "value">;
}

/** Decimals of values and of differences. */
function metricDecimals({ digits }: MetricInfo, typical: number): [number, number] {
  if (digits !== undefined) return [digits, digits + 1];
  // Five significant digits: 0.99987 must not print as 1.000.
  const magnitude = typical === 0 ? 0 : Math.floor(Math.log10(Math.abs(typical)));
  const decimals = Math.min(8, Math.max(0, 4 - magnitude));
  return [decimals, decimals];
}
