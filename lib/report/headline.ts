import type { Estimate } from "../record/metric_info.ts";
import type { Study } from "../record/study_record.ts";
import type { Accuracy, Trial } from "../record/trial_record.ts";
import {
  count,
  factor,
  factorInterval,
  isRelative,
  megabytes,
  metricFormat,
  plural,
} from "./format.ts";
import { bestTrial, closestTrial, isFaster, isSlower } from "../record/best.ts";
import { isWithin } from "../record/budget.ts";
import { formsInWords } from "./forms_in_words.ts";
import { nextSteps } from "./next_steps.ts";
import { kernelTimesNote } from "../record/kernel_times_record.ts";
import { isSettled, unsettledNote } from "../record/settled.ts";
import { dropOf, entriesOf, type MeasuredEntry } from "./trials.ts";
import { baselineWords } from "../record/given_record.ts";

/**
 * The result of a study in one sentence that can be quoted alone: the winner with its latency ratio,
 * size, accuracy and paired difference, each with its 95 % interval and number of samples; or plainly
 * that no configuration kept the budget, none was an improvement, or none could be measured.
 *
 * @returns Plain text in one line; names are not escaped.
 */
export function headline(study: Study): string {
  const { measured, failed, winner } = entriesOf(study);
  const { budget } = metricFormat(study);
  if (measured.length === 0) {
    return failed.length === 0
      ? `No configuration has been measured yet; ${baselineWords(study).outputs} has ${
        baselineText(study)
      }.`
      : `No configuration could be measured (${count(failed.length)} failed): ` +
        `${baselineWords(study).model} stays, with ${baselineText(study)}.`;
  }
  if (winner !== undefined) {
    return winnerText(study, winner).replace(
      /^(int8|weights|the file)\b/,
      ([first = "", ...rest]) => first.toUpperCase() + rest.join(""),
    );
  }

  const entryOf = (trial: Trial) => measured.find(({ trial: { key } }) => key === trial.key)!;
  const isKept = ({ isWithinBudget }: MeasuredEntry) => isWithinBudget;
  const fastest = measured.find(isKept); // they are ordered by ratio
  if (fastest === undefined) {
    const closest = entryOf(closestTrial(study, study.trials)!);
    return `No configuration kept the budget of ${budget}: the closest, ${
      subject(study, closest)
    }, ` +
      `${speedText(study, closest)}; ${accuracyText(study, closest.accuracy)}.`;
  }
  const best = bestTrial(study, study.trials, study.search?.objective);
  if (best === undefined) {
    const unsettled = unsettledNote(measured.filter(isKept).map(({ latency }) => latency));
    if (unsettled !== undefined) return unsettledText(study, unsettled, measured.filter(isKept));
    return `The model as given stays: no configuration that kept the budget of ${budget} was ` +
      `significantly faster, or as fast and smaller; the fastest, ${
        subject(study, fastest)
      }, ran at ` +
      `${factorInterval(fastest.latency.ratio)} of its time.`;
  }
  const entry = entryOf(best);
  return `No winner has been chosen yet; so far ${subject(study, entry)} is the best within the ` +
    `budget of ${budget}: it ${speedText(study, entry)}; ${accuracyText(study, entry.accuracy)}.`;
}

/**
 * What a reader of the headline must also know, in order of weight: what an int8 file was and how it was
 * read, that the study was stopped, an interval that reaches beyond the budget, a number reported on the samples it was chosen on, a
 * machine that drifted, trials that failed. One sentence each; none where there is nothing to warn of.
 */
export function caveats(study: Study): string[] {
  const { measured, failed, winner } = entriesOf(study);
  const about = study.given?.about ?? [];
  const unsettled = measured.filter(({ latency }) => !isSettled(latency.ratio)).length;
  const reported = study.winner?.accuracy ?? winner?.accuracy;
  const relative = isRelative(study);
  const drifted = measured.filter(({ latency }) => latency.drifted).length;
  const finished = study.trials.length;
  const notes: (string | false | undefined)[] = [
    ...about,
    study.planned !== undefined && finished < study.planned &&
    `The study was stopped after ${count(finished)} of ${
      plural(study.planned, "configuration")
    }; the others are not in it.`,
    winner && reported && mayMissBudget(study, winner, reported.difference) &&
    `The interval${relative ? "" : " of the difference"} reaches beyond the budget of ` +
      `${metricFormat(study).budget}: ${plural(reported.difference.n, "sample")} ${
        reported.difference.n === 1 ? "is" : "are"
      } too few to show that it is kept.`,
    winner && reported?.split === "selection" &&
    "The accuracy is that of the selection split, on which the winner was chosen, so it is likely a " +
      "little too high; the test split has not been used.",
    relative &&
    `${study.metric.name} compares with ${
        baselineWords(study).reference
      }'s own outputs. It does not say ` +
      "whether those are right.",
    unsettled > 0 &&
    (winner ? `${unsettledNote(measured.map(({ latency }) => latency))} ` : "") +
      `That holds for ${count(unsettled)} of ${plural(measured.length, "configuration")}.`,
    drifted > 0 &&
    `The speed of the machine changed while ${count(drifted)} of ${
        plural(measured.length, "configuration")
      } ` +
      `${drifted === 1 ? "was" : "were"} timed${
        winner?.latency.drifted ? ", the winner among them" : ""
      }; ${drifted === 1 ? "its ratio is" : "their ratios are"} less certain than the ` +
      `${drifted === 1 ? "interval says" : "intervals say"}.`,
    ...new Set([...study.notes ?? [], ...study.search?.notes ?? []]).difference(new Set(about)),
    study.kernelTimes && kernelTimesNote(study.kernelTimes),
    ...nextSteps(study),
    failed.length > 0 &&
    `${count(failed.length)} of ${plural(failed.length + measured.length, "configuration")} ` +
      "failed; the reasons are listed below.",
  ];
  return notes.filter((note) => typeof note === "string");
}

function winnerText(study: Study, winner: MeasuredEntry): string {
  const { budget } = metricFormat(study);
  const reported = study.winner?.accuracy ?? winner.accuracy;
  const missed = !isWithin(study, dropOf(study, reported.difference))
    ? `, beyond the budget of ${budget}`
    : "";
  const { bytes } = winner;
  return `${subject(study, winner)} ${speedText(study, winner)} and takes ${
    megabytes(bytes)
  } instead of ` +
    `${megabytes(study.model.bytes)} (${factor(bytes / study.model.bytes)}); ` +
    `${accuracyText(study, reported)}${missed}.`;
}

/** A trial by what it is, then by its name; a float32 one is told from the model as given. */
function subject(study: Study, { trial }: MeasuredEntry): string {
  const { name, family } = trial;
  if (family === "float32") {
    return study.given
      ? `${baselineWords(study).operators} (${name})`
      : `${name} after exact rewrites`;
  }
  const words = formsInWords(trial);
  return words === "" ? name : `${words} (${name})`;
}

/** No winner, for the machine did not let its time be known: the smallest that keeps the budget. */
function unsettledText(study: Study, why: string, kept: readonly MeasuredEntry[]): string {
  const smallest = kept.reduce((a, b) => b.bytes < a.bytes ? b : a);
  return `${why} So no winner was chosen; ${subject(study, smallest)} keeps the budget of ` +
    `${metricFormat(study).budget} at ${factor(smallest.bytes / study.model.bytes)} of ${
      baselineWords(study).model
    }'s ` +
    `size; ${accuracyText(study, smallest.accuracy)}.`;
}

/** Says "faster" or "slower" only where the whole interval is on that side of 1, and settled. */
function speedText(study: Study, entry: MeasuredEntry): string {
  const { model } = baselineWords(study);
  const text = factorInterval(entry.latency.ratio);
  if (!isSettled(entry.latency.ratio)) {
    return `took ${text} of ${model}'s time, which says nothing yet`;
  }
  if (isFaster(entry)) return `runs at ${text} of ${model}'s time`;
  return `is ${isSlower(entry) ? "slower" : "not significantly faster"} than ${model} ` +
    `(${text} of its time)`;
}

function accuracyText(study: Study, { value, difference, split }: Accuracy): string {
  const format = metricFormat(study);
  const own = `${study.metric.name} is ${format.value(value.value)}${format.unit} ` +
    `${format.range(value)} on ${plural(value.n, `${split} sample`)}`;
  const file = study.given?.accuracy?.[split]?.value;
  const { model, outputs } = baselineWords(study);
  const has = ({ value }: Estimate) => `${format.value(value)}${format.unit}`;
  if (isRelative(study)) return file ? `${own}, where ${model} has ${has(file)}` : own;
  const float32 = study.baseline[split];
  const theirs = float32
    ? `where ${outputs} has ${has(float32)}${file ? ` and ${model} ${has(file)}` : ""}: `
    : "";
  return `${own}, ${theirs}${format.difference(difference.value)}${format.differenceUnit} ` +
    `${format.differenceRange(difference)} against ${outputs} on the same samples`;
}

function baselineText(study: Study): string {
  const format = metricFormat(study);
  const { selection } = study.baseline;
  const range = isRelative(study) ? "" : ` ${format.range(selection)}`;
  return `${study.metric.name} ${format.value(selection.value)}${format.unit}${range} ` +
    `on ${plural(selection.n, "selection sample")}`;
}

/** Whether a winner that keeps the budget by its value may miss it by its interval. */
function mayMissBudget(study: Study, winner: MeasuredEntry, difference: Estimate): boolean {
  const worst = study.metric.higherIsBetter ? difference.low : difference.high;
  return winner.isWithinBudget && isWithin(study, dropOf(study, difference)) &&
    !isWithin(study, dropOf(study, { value: worst }));
}
