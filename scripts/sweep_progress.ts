import {
  factor,
  factorInterval,
  isRelative,
  megabytes,
  type MetricFormat,
  metricFormat,
  plural,
} from "../lib/report/format.ts";
import type { Trial } from "../lib/record/trial_record.ts";
import type { SweepEvent } from "../lib/task/run_sweep.ts";
import type { Progress } from "./progress.ts";

/** Least share of the work that must be done before the time left can be guessed. */
const ENOUGH_TO_GUESS = 0.03;

/**
 * Shows on stderr how a sweep goes: one live line on a terminal, a line for each trial elsewhere.
 *
 * @param folder Where the study is kept, for the messages.
 * @param now Clock in milliseconds. @default {performance.now}
 */
export function showSweep(
  progress: Progress,
  folder: string,
  now: () => number = () => performance.now(),
): (event: SweepEvent) => void {
  const started = now();
  let begun: SweepEvent & { kind: "begin" } | undefined;
  /** Said once model and samples have proved to go together: else an error is all there is to say. */
  let introduction: string[] = [];
  const introduce = () => introduction.splice(0).forEach(progress.log);
  let current = 0;
  let best = "";
  let left = "";
  return (event) => {
    if (event.kind === "begin") {
      begun = event;
      introduction = beginning(event, folder);
      return;
    }
    if (event.kind === "trial") {
      introduce();
      const { trial, baseline, number, of, reused } = event;
      const format = metricFormat({ ...begun!, baseline });
      const relative = isRelative(begun!);
      current = number;
      best = event.best
        ? `best so far ${brief(event.best, format, relative)}`
        : "nothing faster yet";
      const rest = number < of ? [best, left] : [];
      const parts = [
        `trial ${number} of ${of}`,
        `${trial.name}: ${measured(trial, format, relative)}`,
      ];
      progress.note(
        [...parts, ...rest].filter((part) => part !== "").join(" · ") +
          (reused ? " (from an earlier run)" : ""),
      );
      return;
    }
    const { doing, configuration, step, all } = event.progress;
    if (doing === "accuracy") introduce();
    const seconds = (now() - started) / 1000;
    left = all > ENOUGH_TO_GUESS ? `${duration(seconds * (1 - all) / all)} left` : "";
    const count = begun?.configurations.length ?? 0;
    const place = doing === "accuracy" || doing === "latency"
      ? `trial ${Math.min(current + 1, count)} of ${count}`
      : doing === "test"
      ? "test split"
      : "";
    // What matters most comes first: the line is cut at the edge of the terminal.
    const parts = [place, left, best, configuration, doing === "test" ? "" : doing];
    const words = parts.filter((part, i) => part && part !== parts[i - 1]).join(" · ");
    progress.update(doing === "latency" ? words : `${words} ${Math.round(step * 100)} %`);
  };
}

function beginning(event: SweepEvent & { kind: "begin" }, folder: string): string[] {
  const { configurations, reused, collapsed } = event;
  const lines = [plural(configurations.length, "configuration")];
  if (reused > 0) lines[0] += `; ${reused} measured already in ${folder}`;
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
