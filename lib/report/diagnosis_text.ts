import { commandName } from "../command_name.ts";
import type { DiagnosisRecord, FileFinding } from "../record/diagnosis_record.ts";
import { timedInText } from "../record/runtime_name.ts";
import { unsettledNote } from "../record/settled.ts";
import {
  count,
  factor,
  factorInterval,
  megabytes,
  milliseconds,
  percent,
  plural,
} from "./format.ts";
import { type Column, textTable } from "./table.ts";
import { wrapWords } from "./wrap_words.ts";

/** Findings that are told in full; `--json` has them all. */
const TOLD = 10;

/** Width of a page, in characters. */
const WIDTH = 98;

/** Nodes of a finding that are named. */
const NAMED = 3;

/** Columns of the table of findings. */
export const findingColumns: readonly Column<FileFinding>[] = [
  { head: "what", text: ({ title }) => title },
  { head: "layers", text: ({ layers }) => layers > 0 ? String(layers) : "", numeric: true },
  { head: "ms", text: ({ ms }) => ms === undefined ? "" : milliseconds(ms), numeric: true },
  { head: "share", text: ({ share }) => share === undefined ? "" : percent(share), numeric: true },
  {
    head: "mended, ms",
    text: ({ mendedMs }) => mendedMs === undefined ? "" : milliseconds(mendedMs),
    numeric: true,
  },
  {
    head: "ratio",
    text: ({ ms, mendedMs }) =>
      ms !== undefined && mendedMs !== undefined && mendedMs > 0 ? factor(ms / mendedMs) : "",
    numeric: true,
  },
];

/** Options for {@linkcode diagnosisText}. */
export interface DiagnosisTextOptions {
  /** Whether to say at the end what to do about it. @default {true} */
  next?: boolean;
}

/** A page of findings. */
export function diagnosisText(
  diagnosis: DiagnosisRecord,
  { next = true }: DiagnosisTextOptions = {},
): string {
  const told = diagnosis.findings.slice(0, TOLD);
  const timed = told.filter(({ ms }) => ms !== undefined);
  const parts = [
    verdictLines(diagnosis).flatMap((line) => wrapWords(line, WIDTH)).join("\n"),
    ...timed.length > 0 ? [textTable(timed, findingColumns).trimEnd()] : [],
    ...told.map((finding, i) => findingText(finding, i + 1)),
    [...endLines(diagnosis), ...next ? nextLines(diagnosis) : [], timedIn(diagnosis)]
      .flatMap((line) => wrapWords(line, WIDTH)).join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** What stands above the findings, a sentence or two each. */
export function verdictLines(diagnosis: DiagnosisRecord): string[] {
  const { latency, exactLatency, model, int8Layers, inputs, madeUp, method } = diagnosis;
  const shapes = Object.entries(inputs).map(([name, dims]) => `${name} [${dims.join(", ")}]`);
  const note = unsettledNote([latency, exactLatency].flatMap((one) => one ?? []));
  const int8 = int8Layers === 0
    ? "Nothing in it is quantized"
    : `${count(int8Layers)} of its layers ${int8Layers === 1 ? "is" : "are"} quantized`;
  return [
    verdict(diagnosis),
    `${int8}; ${megabytes(model.bytes)}. ${madeUp ? "Made-up inputs" : "Inputs"}: ${
      shapes.join(", ")
    }.`,
    ...method === "alone" ? [ALONE] : [],
    ...note ? [note] : [],
  ];
}

const ALONE =
  "The runtime's own clock cannot be read in this build: each node was timed in a model of its " +
  "own, so that what the runtime makes of several nodes is not seen.";

function verdict(diagnosis: DiagnosisRecord): string {
  const { model: { name }, latency, exactLatency, wholeMs, findings } = diagnosis;
  if (latency) {
    const { ratio, candidateMs, baselineMs } = latency;
    const times = `${milliseconds(candidateMs)} ms a run against ${milliseconds(baselineMs)} ms, ` +
      "measured in turns";
    const floats = "the same network in float32 kernels";
    if (ratio.low > 1) {
      return `${name} is slower than ${floats}: ${factorInterval(ratio)} of the time, ${times}.`;
    }
    return ratio.high < 1
      ? `${name} is faster than ${floats}: ${factorInterval(ratio)} of the time, ${times}.`
      : `${name} is as fast as ${floats}: ${factorInterval(ratio)} of the time, ${times}.`;
  }
  const once = `${name} takes ${milliseconds(wholeMs)} ms a run`;
  if (!exactLatency || !findings.some(({ savesMs }) => savesMs > 0)) {
    return `${once}. No operator of it was seen to be slower than it need be.`;
  }
  const { ratio } = exactLatency;
  return ratio.high < 1
    ? `${once}. The same numbers by other operators take ${
      factorInterval(ratio)
    } of that, measured in ` +
      "turns."
    : `${once}. Some operators have faster forms, but what they make of the whole is not certain: ${
      factorInterval(ratio)
    }, measured in turns.`;
}

function findingText(finding: FileFinding, number: number): string {
  const { title, layers, nodes, why, mends } = finding;
  const indent = " ".repeat(4);
  const paragraph = (text: string) =>
    wrapWords(text, WIDTH - indent.length).map((line) => indent + line);
  const head = `${number}.`.padEnd(indent.length) +
    `${title}${layers > 0 ? ` (${layers})` : ""}: ${costText(finding)}`;
  const named = nodes.slice(0, NAMED).join(", ");
  const others = nodes.length - NAMED;
  return [
    head,
    ...paragraph(`Why: ${why}`),
    ...paragraph(`Better: ${mends}`),
    ...nodes.length > 0
      ? paragraph(`Nodes: ${named}${others > 0 ? ` and ${others} more` : ""}`)
      : [],
  ].join("\n");
}

/** What a finding costs: `0.43 ms, and 0.20 ms in float32`. */
function costText({ ms, mendedMs, mendedAs, savesMs, bytes }: FileFinding): string {
  if (bytes !== undefined) return `${megabytes(bytes)} of the file`;
  if (ms === undefined) return "accuracy, and no time";
  if (mendedMs === undefined) {
    return `${milliseconds(ms)} ms${savesMs > 0 ? ", all of which could be saved" : ""}`;
  }
  const form = mendedAs === "exact" ? "in a faster form" : "in float32";
  return `${milliseconds(ms)} ms, and ${milliseconds(mendedMs)} ms ${form}`;
}

/** What stands below: what is right, and what is left out. */
function endLines({ findings, faster, alike }: DiagnosisRecord): string[] {
  const hidden = findings.length - TOLD;
  const lines = hidden > 0 ? [`And ${plural(hidden, "smaller finding")}: --json tells all.`] : [];
  if (faster) {
    const { layers, ms, float32Ms } = faster;
    lines.push(
      `${plural(layers, "layer")} ${layers === 1 ? "is" : "are"} quantized and faster for it: ${
        factor(ms / float32Ms)
      } of the time in float32 (${milliseconds(ms)} ms against ${milliseconds(float32Ms)} ms).`,
    );
  }
  if (alike > 0) {
    lines.push(
      `${plural(alike, "layer")} ${
        alike === 1 ? "is" : "are"
      } quantized and about as fast as in float32.`,
    );
  }
  return lines;
}

/** What to do about it. */
function nextLines({ findings, model, int8Layers }: DiagnosisRecord): string[] {
  if (int8Layers > 0 && findings.length > 0) {
    return [
      `\`${
        commandName("doctor")
      } ${model.name} --out better.onnx\` makes of it what is faster or smaller, ` +
      "with the integers that it has, and says what changed.",
    ];
  }
  if (!findings.some(({ savesMs }) => savesMs > 0)) return [];
  return [
    `\`${
      commandName("optimize")
    } ${model.name} --exact --out fast.onnx\` times the forms of every node, and writes ` +
    "the fastest.",
  ];
}

function timedIn(diagnosis: DiagnosisRecord): string {
  return `Timed in ${timedInText(diagnosis)}.`;
}
