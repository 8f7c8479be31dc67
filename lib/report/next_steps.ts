import { commandLike } from "../command_name.ts";
import { isWithinBudget } from "../record/budget.ts";
import { closestTrial, isFaster } from "../record/best.ts";
import { isSettled } from "../record/settled.ts";
import type { Study } from "../record/study_record.ts";
import { factor } from "./format.ts";
import { entriesOf, failureOf } from "./trials.ts";

/** What to do after a study without a winner, in sentences; none where there is one. */
export function nextSteps(study: Study): string[] {
  const typed = (command: string) => `\`${commandLike(study.provenance.command, command)}\``;
  const { measured, failed, winner } = entriesOf(study);
  if (winner !== undefined || measured.length + failed.length === 0) return [];
  const kept = measured.filter(({ isWithinBudget }) => isWithinBudget);
  if (measured.length === 0) {
    const { trial } = failed[0]!;
    return [`What to do next: mend what failed first, ${trial.name}: ${failureOf(trial)}`];
  }
  if (kept.length === 0) {
    const closest = closestTrial(study, study.trials)!;
    const file = study.given?.accuracy?.selection;
    if (file && !isWithinBudget(study, { accuracy: file })) {
      return [
        "What to do next: the given file misses the budget itself, and what is made of it has its weights: " +
        `start from ${study.given!.reference!.name}, or accept a larger loss (--max-drop).`,
      ];
    }
    return [
      `What to do next: ${
        typed("ablate")
      } names the layers that cost most; leave them in float32 ` +
      `by a rule, or accept a larger loss (--max-drop). ${closest.name} is the one to begin with.`,
    ];
  }
  if (kept.some(({ latency }) => !isSettled(latency.ratio))) {
    return [
      "What to do next: end what else runs on this machine, and give the same command --fresh.",
    ];
  }
  const smallest = kept.reduce((a, b) => b.bytes < a.bytes ? b : a);
  const share = smallest.bytes / study.model.bytes;
  const gain = share < 0.95
    ? `${smallest.trial.name} keeps the budget at ${
      factor(share)
    } of the size: take it where the ` +
      `download matters more than the time (${typed("search --objective size")}). `
    : "";
  return [
    `What to do next: ${gain}${typed("profile")} shows where the time goes, and ` +
    `${typed("optimize")} looks for faster forms of each layer.`,
  ].filter(() => !kept.some(isFaster));
}
