import { escapeHtml, table } from "../display.ts";
import type { ComparisonRecord } from "../record/comparison_record.ts";
import { baselineWords, subjectText } from "../record/given_record.ts";
import type { Latency } from "../record/trial_record.ts";
import { machineText } from "../record/runtime_name.ts";
import { unsettledNote } from "../record/settled.ts";
import {
  decimal,
  factor,
  factorInterval,
  isRelative,
  megabytes,
  metricFormat,
  metricLabel,
  milliseconds,
  plural,
} from "./format.ts";
import { nodeText } from "./node_text.ts";
import { coldStartNote, pageWaitText } from "./page_wait.ts";
import { show, type Shown } from "./shown.ts";

/**
 * Shows a comparison of two models: a table of accuracy, time, size and outputs, and under it what its
 * numbers rest on.
 *
 * @example The last line of a notebook cell
 * ```ts
 * import type { ComparisonRecord } from "../record/comparison_record.ts";
import { baselineWords, subjectText } from "../record/given_record.ts";
 * import { showComparison } from "./comparison.ts";
 * const cell = (record: ComparisonRecord) => showComparison(record);
 * ```
 */
export function showComparison(record: ComparisonRecord): Shown {
  const { short } = baselineWords(record);
  const { html, text } = table(
    comparisonRows(record).map(({ what, before, candidate, change }) => ({
      ...{ "": what, [short]: before, candidate, change },
    })),
  );
  const notes = comparisonNotes(record);
  return show({
    "text/html": `${html}<p>${notes.map(escapeHtml).join("<br>")}</p>`,
    "text/plain": `${text}\n${notes.join("\n")}`,
  });
}

/** One line of a comparison: what it is of, and what it is of each model. */
export interface ComparisonRow {
  readonly what: string;
  /** Of the network as given. */
  readonly before: string;
  readonly candidate: string;
  readonly change: string;
}

/** Accuracy, time, size and closeness of two models, in lines. */
export function comparisonRows(record: ComparisonRecord): ComparisonRow[] {
  const { metric, float32, candidate, difference, latency, outputs } = record;
  const format = metricFormat({ metric, baseline: { selection: float32.value }, maxDrop: 0 });
  const relative = isRelative(record);
  const third = record.given?.reference;
  const valueText = ({ value }: ComparisonRecord["float32"]) =>
    `${format.value(value.value)}${format.unit} ${format.range(value)}`;
  return [
    {
      what: metricLabel(metric),
      before: relative && !third ? "" : valueText(float32),
      candidate: valueText(candidate),
      change: relative ? "" : `${format.difference(difference.value)}${format.differenceUnit} ` +
        format.differenceRange(difference) +
        (third ? ` from ${baselineWords(record).outputs}` : ""),
    },
    ...latency
      ? [{
        what: "time",
        before: `${milliseconds(latency.baselineMs)} ms`,
        candidate: `${milliseconds(latency.candidateMs)} ms`,
        change: factorInterval(latency.ratio),
      }]
      : [],
    ...caseRows(latency),
    {
      what: "size",
      before: megabytes(float32.bytes),
      candidate: megabytes(candidate.bytes),
      change: factor(candidate.bytes / float32.bytes),
    },
    ...downloadRows(record),
    ...nodeRows(record),
    ...coldStartRows(record),
    ...outputs
      ? [{
        what: "outputs",
        before: float32.outputs ? closenessText(float32.outputs) : "",
        candidate: closenessText(outputs),
        change: "",
      }]
      : [],
  ];
}

function caseRows({ at = [] }: Pick<Latency, "at"> = {}): ComparisonRow[] {
  return at.map(({ name, baselineMs, candidateMs, ratio }) => ({
    what: `time, ${name}`,
    before: `${milliseconds(baselineMs)} ms`,
    candidate: `${milliseconds(candidateMs)} ms`,
    change: factorInterval(ratio),
  }));
}

function downloadRows({ float32, candidate }: ComparisonRecord) {
  const [before, after] = [float32.download, candidate.download];
  if (!before || !after) return [];
  return [{
    what: "size after brotli",
    before: megabytes(before.brotli),
    candidate: megabytes(after.brotli),
    change: factor(after.brotli / before.brotli),
  }];
}

/** Nodes that run, of those in the file. */
function nodeRows({ float32, candidate }: ComparisonRecord) {
  const [before, after] = [float32.nodes, candidate.nodes];
  if (!before || !after) return [];
  return [{
    what: "nodes that run",
    before: nodeText(before),
    candidate: nodeText(after),
    change: factor((after.executed ?? after.file) / Math.max(1, before.executed ?? before.file)),
  }];
}

function coldStartRows({ coldStart }: ComparisonRecord) {
  if (!coldStart) return [];
  const { create, first, steady, heap } = coldStart;
  const ms = (value: number) => `${milliseconds(value)} ms`;
  const rows = [
    ["create session", create, ms],
    ["first result", first, ms],
    ["until steady", steady, ms],
    ["WASM heap", heap, megabytes],
  ] as const;
  return rows.flatMap(([name, compared, format]) =>
    compared
      ? [{
        what: name,
        before: format(compared.baseline),
        candidate: format(compared.candidate),
        change: factorInterval(compared.ratio),
      }]
      : []
  );
}

function closenessText({ sqnr, cosine }: NonNullable<ComparisonRecord["outputs"]>): string {
  if (sqnr === null) return "equal to the bit";
  return `SQNR ${decimal(sqnr, 1)} dB, cosine ${decimal(cosine, 5)} over all values`;
}

/** What the numbers of a comparison rest on, in sentences. */
export function comparisonNotes(record: ComparisonRecord): string[] {
  const { metric, data, float32, candidate, difference, latency } = record;
  const third = record.given?.reference;
  const notes = [
    `${candidate.name === float32.name ? "The candidate" : candidate.name} against ` +
    `${subjectText(float32.name, record)} on ${plural(difference.n, "sample")} of ${data}; ` +
    "in brackets 95 % intervals.",
    ...third
      ? [`Outputs of both are compared with those of ${third.name}, a float32 network.`]
      : [],
    ...record.notes ?? [],
  ];
  if (!isRelative(record) && difference.low <= 0 && difference.high >= 0) {
    notes.push(`The change of ${metric.name} is within noise.`);
  }
  if (latency) {
    const { rounds, threads, drifted, clock } = latency;
    const note = unsettledNote([latency]) ??
      (drifted ? "The speed of the machine changed meanwhile: measure again." : "");
    notes.push(
      `Time: ${plural(rounds, "round")} in turns, ${plural(threads, "thread")}${
        clockNote(clock)
      }, ${machineText(latency)}.${note && ` ${note}`}`,
      ...latency.at
        ? ["The time of all is that of one run of each; its ratio is the geometric mean of theirs."]
        : [],
    );
  }
  const { coldStart } = record;
  if (coldStart) {
    notes.push(
      coldStartNote(coldStart),
      pageWaitText(coldStart, candidate.download, baselineWords(record).model),
    );
  }
  return notes;
}

/** Whose time it is, where it is not the wall's: `, processor's time of the thread`. */
function clockNote(clock: Latency["clock"]): string {
  if (clock === undefined || clock === "wall") return "";
  return `, processor's time of the ${clock}`;
}
