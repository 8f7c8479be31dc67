import { metricFormat, plural } from "../lib/report/format.ts";
import { isRelative } from "../lib/report/format.ts";
import type { SearchEvent } from "../lib/task/run_search.ts";
import type { Progress } from "./progress.ts";
import { brief, duration, measured } from "./sweep_progress.ts";

/**
 * Shows on stderr how a search goes: one live line on a terminal, a line for each trial elsewhere.
 *
 * @param folder Where the study is kept, for the messages.
 * @param now Clock in milliseconds. @default {performance.now}
 */
export function showSearch(
  progress: Progress,
  folder: string,
  now: () => number = () => performance.now(),
): {
  readonly event: (event: Exclude<SearchEvent, { kind: "end" }>) => void;
  readonly progress: (doing: string, share?: number) => void;
} {
  const started = now();
  let begun: SearchEvent & { kind: "begin" } | undefined;
  let best = "nothing yet";
  const left = () => {
    const seconds = (begun?.minutes ?? 0) * 60 - (now() - started) / 1000;
    return begun ? `${duration(seconds)} left` : "";
  };
  return {
    event(event) {
      if (event.kind === "begin") {
        begun = event;
        const { reused, notes } = event;
        if (reused > 0) progress.log(`${plural(reused, "trial")} measured already in ${folder}`);
        for (const note of notes) progress.log(note);
        return;
      }
      const { trial, number, reused, baseline } = event;
      const format = metricFormat({ ...begun!, baseline });
      const relative = isRelative(begun!);
      if (event.best) best = `best so far ${brief(event.best, format, relative)}`;
      const parts = [
        `${trial.name || `trial ${number}`}: ${measured(trial, format, relative)}`,
        event.why,
      ];
      progress.note(
        [...parts, best, left()].join(" · ") + (reused ? " (from an earlier run)" : ""),
      );
    },
    progress(doing, share) {
      const percent = share === undefined ? "" : ` ${Math.round(share * 100)} %`;
      progress.update([left(), best, doing + percent].filter((part) => part !== "").join(" · "));
    },
  };
}
