import type { BeginEvent, StepEvent, StudyEvent, TrialEvent } from "../../lib/record/event.ts";
import {
  factor,
  factorInterval,
  isRelative,
  megabytes,
  type MetricFormat,
  metricFormat,
  plural,
} from "../../lib/report/format.ts";
import type { MetricInfo } from "../../lib/record/metric_info.ts";
import type { Trial } from "../../lib/record/trial_record.ts";
import type { Progress } from "./progress.ts";

/** Least share of the work that must be done before the time left can be guessed. */
const ENOUGH_TO_GUESS = 0.03;

/** Steps that are said without a share: they have no parts that are counted. */
const WHOLE: ReadonlySet<StepEvent["step"]> = new Set([
  "latency",
  "cold start",
  "ranges",
  "profile",
  "files",
]);

/**
 * Shows on stderr how a study goes: one live line on a terminal, a line for each trial elsewhere.
 *
 * @param folder Where the study is kept, for the messages.
 * @param tell Tells the metric, once, before anything else is told.
 * @param now Clock in milliseconds. @default {performance.now}
 */
export function showStudy(
  progress: Progress,
  folder: string,
  tell: (metric: MetricInfo) => Promise<void>,
  now: () => number = () => performance.now(),
): (event: StudyEvent) => Promise<void> {
  const started = now();
  let [begun, toldOf]: (BeginEvent | undefined)[] = [];
  /** Said once model and samples have proved to go together: else an error is all there is to say. */
  let introduction: string[] = [];
  const introduce = async () => {
    if (toldOf !== begun) await tell(begun!.metric);
    toldOf = begun;
    introduction.splice(0).forEach(progress.log);
  };
  let current = 0;
  let best = "";
  /** Share of all the work that is done, as last told. */
  let share: number | undefined;
  const left = (all?: number) => {
    const seconds = (now() - started) / 1000;
    if (begun?.minutes !== undefined) return `${duration(begun.minutes * 60 - seconds)} left`;
    return all !== undefined && all > ENOUGH_TO_GUESS
      ? `${duration(seconds * (1 - all) / all)} left`
      : "";
  };
  const showTrial = async (event: TrialEvent) => {
    await introduce();
    const { trial, baseline, number, of, reused } = event;
    const format = metricFormat({ ...begun!, baseline });
    const relative = isRelative(begun!);
    current = number;
    best = event.best
      ? `best so far ${brief(event.best, format, relative)}`
      : "nothing better than the model as given yet";
    const parts = [
      of === undefined ? "" : `trial ${number} of ${of}`,
      `${trial.name}: ${measured(trial, format, relative)}`,
      trial.why,
      ...(number === of ? [] : [best, left(share)]),
    ];
    progress.note(parts.filter(Boolean).join(" · ") + (reused ? " (from an earlier run)" : ""));
  };
  const showStep = async ({ step, done, of, about, all }: StepEvent) => {
    if (step === "accuracy") await introduce();
    share = all;
    const planned = begun?.planned?.length;
    const place = planned && (step === "accuracy" || step === "latency")
      ? `trial ${Math.min(current + 1, planned)} of ${planned}`
      : "";
    // What matters most comes first: the line is cut at the edge of the terminal.
    const parts = [place, left(all), best, about, step];
    const words = parts.filter((part, i) => part && part !== parts[i - 1]).join(" · ");
    progress.update(WHOLE.has(step) ? words : `${words} ${Math.round(100 * done / of)} %`);
  };
  return async (event) => {
    if (event.kind === "trial") await showTrial(event);
    else if (event.kind === "step") await showStep(event);
    else if (event.kind === "end") await introduce();
    else {
      begun = event;
      introduction = beginning(event, folder);
    }
  };
}

function beginning(event: BeginEvent, folder: string): string[] {
  const { planned, reused, collapsed = [], notes } = event;
  const lines: string[] = [];
  const known = reused > 0 ? `${reused} measured already in ${folder}` : "";
  if (planned) {
    lines.push([plural(planned.length, "configuration"), known].filter(Boolean).join("; "));
  } else if (known) lines.push(`${plural(reused, "trial")} measured already in ${folder}`);
  lines.push(...notes);
  if (collapsed.length > 0) {
    const same = Map.groupBy(collapsed, ({ sameAs }) => sameAs);
    lines.push(`${plural(collapsed.length, "more point")} of the grid, with the same models:`);
    for (const [sameAs, points] of same) {
      lines.push(`  ${sameAs} is also ${points.map(({ name }) => name).join(", ")}`);
    }
  }
  return lines;
}

/** `×0.61 [0.60, 0.62], top-1 94.2 % (−0.20 points), 2.14 MB`, or why it failed. */
export function measured(
  { latency, accuracy, bytes, error }: Trial,
  format: MetricFormat,
  relative: boolean,
): string {
  if (error !== undefined) return `failed: ${error}`;
  const value = accuracy && `${format.value(accuracy.value.value)}${format.unit}`;
  const difference = accuracy &&
    `${format.difference(accuracy.difference.value)}${format.differenceUnit}`;
  return [
    latency && factorInterval(latency.ratio),
    accuracy && (relative ? value : `${value} (${difference})`),
    bytes !== undefined && megabytes(bytes),
  ].filter(Boolean).join(", ");
}

/** `×0.61, −0.20 points` */
export function brief(
  { latency, accuracy }: Trial,
  format: MetricFormat,
  relative: boolean,
): string {
  const quality = relative
    ? `${format.value(accuracy!.value.value)}${format.unit}`
    : `${format.difference(accuracy!.difference.value)}${format.differenceUnit}`;
  return `${factor(latency!.ratio.value)}, ${quality}`;
}

/** `45 s`, `2:05`, `1:02:05`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
