import { type Dataset, samples, slice } from "../data/dataset.ts";
import { consumers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { canFreeze, randomNodes } from "../passes/freeze_random.ts";
import type { Estimate } from "../record/metric_info.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isFloat, readClasses, toNumbers } from "./classes.ts";
import { mostClasses } from "./default_metric.ts";
import { METRIC_SIGNATURE } from "./read_metric.ts";
import { isShare, type Metric } from "./metric.ts";
import { metricNamed } from "./metrics.ts";
import { outputFacts } from "./output_facts.ts";
import { sameOutputsNote } from "./same_outputs.ts";

/** Float32 on the samples that decide. */
export interface FloatResult {
  readonly value: Estimate;
  /** One for each sample, where they are at hand. */
  readonly scores?: Float64Array;
  /** What it gave for each sample, where that is at hand. */
  readonly results?: readonly Readonly<Record<string, Tensor>>[];
  /** How it is called, where it is no float32 network. @default {"float32"} */
  readonly name?: string;
}

/** Samples whose values are looked at. */
const LOOKED_AT = 8;

/** Fewest samples of which it says something that all are alike. */
const FEW = 5;

/**
 * What float32 itself says against the samples, the labels or the metric, in sentences, before anything is
 * compared with it: that it is no better than guessing, that the inputs look like pictures as they are
 * stored, that a metric of one's own or all outputs are the same for all samples, that its nodes are random,
 * that labels are missing.
 */
export async function baselineNotes(
  model: Model,
  dataset: Dataset,
  metric: Metric,
  { value, scores, results = [], name = "float32" }: FloatResult,
): Promise<string[]> {
  const ranges = await rangesOf(model, dataset);
  const pictures = ranges.find(({ isPicture }) => isPicture);
  const chance = chanceOf(model, dataset, metric, value);
  return [
    ...randomNotes(model),
    unlabelledNote(model, dataset, metric),
    chance === undefined ? "" : chanceNote(
      name,
      chance,
      value,
      otherLabels(dataset, metric, results) ?? likelyCause(ranges),
    ),
    pictures && chance === undefined && !metric.usesLabels
      ? `Input "${pictures.name}" holds whole numbers from ${pictures.low} to ${pictures.high}, as pictures ` +
        `are stored. If the network was trained on 0 to 1, save ${pictures.name} / 255: else all that ` +
        `follows is of samples that it does not know.`
      : "",
    sameNote(metric, scores),
    sameOutputsNote(results, name) ?? "",
    emptyNote(metric, scores, name),
  ].filter((note) => note !== "");
}

/** What is said of nodes that give other values in every run. */
function randomNotes(model: Model): string[] {
  const nodes = randomNodes(model);
  if (nodes.length === 0) return [];
  const { opset } = model;
  const names = (some: typeof nodes) =>
    some.map(({ opType, name, output }) => `${opType} "${name || output[0]}"`).join(", ");
  const open = nodes.filter((node) => !canFreeze(node, opset));
  const frozen = nodes.filter((node) => canFreeze(node, opset));
  return [
    ...frozen.length > 0
      ? [
        `The network is random (${
          names(frozen)
        }). For the comparison both networks get the same noise in ` +
        `every run; the files keep their random nodes.`,
      ]
      : [],
    ...open.length > 0
      ? [`What ${names(open)} gives differs from run to run, and so will the figures.`]
      : [],
  ];
}

/** Says how many samples have no label, and what was likely meant where the -1 may be a class. */
function unlabelledNote(
  model: Model,
  { labels = new Int32Array() }: Dataset,
  { usesLabels }: Metric,
): string {
  const missing = labels.filter((label) => label < 0).length;
  if (!usesLabels || missing === 0) return "";
  const most = labels.reduce((a, b) => Math.max(a, b));
  const classes = mostClasses(outputFacts(model.graph));
  const note = `${missing} of ${labels.length} samples have no label (-1) and are left out.`;
  return classes !== undefined && most + 2 === classes
    ? `${note} Labels run from -1 to ${most}, and the network has ${classes} classes: classes are ` +
      `counted from 0, so save labels + 1 if -1 is one of them.`
    : note;
}

/** Number of classes, if float32 cannot be told from guessing among them. */
function chanceOf(
  model: Model,
  { labels }: Dataset,
  metric: Metric,
  { low, n }: Estimate,
): number | undefined {
  const isShareOfRight = isShare(metric) && metric.usesLabels && metric.decidedBy;
  if (!isShareOfRight || n < FEW || !labels) return undefined;
  const least = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const classes = Math.max(2, least, mostClasses(outputFacts(model.graph)) ?? 0);
  return low <= 100 / classes ? classes : undefined;
}

function chanceNote(
  name: string,
  classes: number,
  { value, n }: Estimate,
  cause: string,
): string {
  return `${name} itself is right in ${
    value.toFixed(1)
  } % of ${n} samples, where guessing among ${classes} ` +
    `classes gives ${
      (100 / classes).toFixed(1)
    } %: nothing can be told of int8 from that. ${cause}`;
}

/** What was likely meant, by what the inputs hold. */
function likelyCause(ranges: readonly Range[]): string {
  const wide = ranges.find(({ isPicture, high }) => isPicture || high > 20);
  if (wide) {
    const { name, isPicture, low, high } = wide;
    return `Input "${name}" holds ${isPicture ? "whole numbers" : "values"} from ${
      round(low)
    } to ` +
      `${round(high)}; was the network trained on 0 to 1 (${name} / 255), or on values of mean 0?`;
  }
  const [said] = ranges;
  return `Do the labels belong to these samples, in this order` +
    (said
      ? `, and is input "${said.name}" (from ${round(said.low)} to ${
        round(said.high)
      }) scaled as it was ` +
        `in the training?`
      : "?");
}

/** Of the samples of a class, the share that must be given one other class to take it for that. */
const MOST = 0.7;

/**
 * What is wrong with the labels, where the network's answers say it: it gives most samples of a class one
 * other class, which is the one before or behind for all of them, or another for each.
 */
function otherLabels(
  { labels }: Dataset,
  { decidedBy }: Metric,
  results: readonly Readonly<Record<string, Tensor>>[],
): string | undefined {
  const answers = results.map((result) => readClasses(result, decidedBy?.output).ids[0]!);
  const samplesOf = Map.groupBy(answers.keys(), (index) => labels![index]!);
  const taken = [...samplesOf].filter(([label]) => label >= 0).map(([label, own]) => {
    const counts = Map.groupBy(own, (index) => answers[index]!);
    const [answer, most] = [...counts].sort(([, a], [, b]) => b.length - a.length)[0]!;
    return { label, answer, isSure: most.length >= Math.max(2, MOST * own.length) };
  });
  if (taken.length < 2 || taken.filter(({ isSure }) => isSure).length < MOST * taken.length) {
    return undefined;
  }
  const sure = taken.filter(({ isSure }) => isSure);
  if (new Set(sure.map(({ answer }) => answer)).size < sure.length) return undefined;
  const [{ label, answer }] = sure as [typeof sure[number]];
  const step = answer - label;
  const said = `Most samples with the label ${label} are given the class ${answer}`;
  return Math.abs(step) === 1 && sure.every((one) => one.answer - one.label === step)
    ? `${said}, and so on: classes are counted from 0, so save labels ${step < 0 ? "-" : "+"} 1.`
    : `${said}, and others other ones: the labels number the classes in another order than the network.`;
}

/** What a float input holds. */
interface Range {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** Whole numbers of a byte, which the network does not scale itself. */
  readonly isPicture: boolean;
}

/** Operators that may scale an input to what the network was trained on. */
const SCALES: ReadonlySet<string> = new Set([
  "Add",
  "BatchNormalization",
  "Cast",
  "Div",
  "Mul",
  "Sub",
]);

async function rangesOf(model: Model, dataset: Dataset): Promise<Range[]> {
  const ranges = new Map<string, { low: number; high: number; whole: boolean }>();
  for await (const feeds of samples(slice(dataset, 0, Math.min(LOOKED_AT, dataset.length)))) {
    for (const [name, tensor] of Object.entries(feeds)) {
      if (!isFloat(tensor.type) || tensor.data.length === 0) continue;
      const range = ranges.get(name) ?? { low: Infinity, high: -Infinity, whole: true };
      ranges.set(name, range);
      const values = toNumbers(tensor);
      for (let i = 0; i < values.length; i++) {
        range.low = Math.min(range.low, values[i]!);
        range.high = Math.max(range.high, values[i]!);
        range.whole &&= Number.isInteger(values[i]);
      }
    }
  }
  const readers = consumers(model.graph);
  return [...ranges].map(([name, { low, high, whole }]) => {
    const scales = (readers.get(name) ?? []).some(({ opType }) => SCALES.has(opType));
    const isPicture = whole && low >= 0 && high > 64 && high <= 255 && !scales;
    return { name, low, high, isPicture };
  });
}

/** Says how many samples tell nothing, as a network that finds nothing in them is right to give nothing. */
function emptyNote(
  { usesLabels }: Metric,
  scores: Float64Array = new Float64Array(),
  name: string,
): string {
  const empty = scores.filter(Number.isNaN).length;
  if (usesLabels || empty === 0) return "";
  return `In ${empty} of ${scores.length} samples ${name} gives nothing that could be compared; they count ` +
    `only where the other network gives something.`;
}

/** Says so where a metric of one's own gives the same for every sample. */
function sameNote({ name, perfect }: Metric, scores: Float64Array = new Float64Array()): string {
  if (metricNamed(name) || perfect !== undefined) return "";
  const scored = scores.filter((score) => !Number.isNaN(score));
  const [first] = scored;
  if (scored.length < FEW || scored.some((score) => score !== first)) return "";
  return `${name} is ${first} for all ${scored.length} samples: is it called as you think? Its form is ` +
    `${METRIC_SIGNATURE}, where outputs.NAME.data holds the values.`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
