import type { AblatedLayer, AblationRecord, Effect } from "../record/ablation_record.ts";
import { type Estimate, MAX_SQNR } from "../record/metric_info.ts";
import { baselineWords } from "../record/given_record.ts";
import { mostSensitive } from "../record/sensitivity_rank.ts";
import {
  decimal,
  factor,
  type MetricFormat,
  metricFormat,
  milliseconds,
  plural,
  signed,
} from "./format.ts";
import { costsAnything, whyLayer } from "./ablation_advice.ts";
import { type Column, textTable } from "./table.ts";
import { timedInText } from "../record/runtime_name.ts";

/** Layers, most sensitive first. */
export function rankedLayers({ layers, metric }: AblationRecord): AblatedLayer[] {
  return mostSensitive(layers, metric);
}

/** The format of an ablation's metric. */
export function ablationFormat({ metric, baseline }: AblationRecord): MetricFormat {
  return metricFormat({ metric, maxDrop: 0, baseline: { selection: baseline } });
}

/** What a layer is called: its module path, or its node. */
export function layerLabel({ path, name }: Pick<AblatedLayer, "path" | "name">): string {
  return path || name;
}

/** Whether the metric is the SQNR of the outputs, of which an effect on it says nothing new. */
export function isSqnr({ metric }: Pick<AblationRecord, "metric">): boolean {
  return metric.signalToNoise === true;
}

/** An effect on the metric: `−0.25 [−0.95, +0.40]`; what went wrong, if it could not be measured. */
function effectText(effect: Effect | undefined, format: MetricFormat): string {
  return [effectValue(effect, format), effectRange(effect, format)].filter(Boolean).join(" ");
}

function effectValue(effect: Effect | undefined, format: MetricFormat): string {
  if (effect?.error !== undefined) return "failed";
  return effect?.difference ? format.difference(effect.difference.value) : "";
}

function effectRange(effect: Effect | undefined, format: MetricFormat): string {
  if (effect?.error !== undefined || !effect?.difference) return "";
  return format.differenceRange(effect.difference);
}

/** SQNR of the outputs, with its interval; equal outputs are said to be so. */
function sqnrText(effect: Effect | undefined): string {
  return [sqnrValue(effect), sqnrRange(effect)].filter(Boolean).join(" ");
}

function sqnrValue(effect: Effect | undefined): string {
  if (!effect?.sqnr) return "";
  return isEqual(effect.sqnr) ? "equal" : decimal(effect.sqnr.value, 1);
}

function sqnrRange(effect: Effect | undefined): string {
  if (!effect?.sqnr || isEqual(effect.sqnr)) return "";
  return `[${decimal(effect.sqnr.low, 1)}, ${decimal(effect.sqnr.high, 1)}]`;
}

function isEqual({ value, low, high }: Estimate): boolean {
  return low === high && value >= MAX_SQNR;
}

/** The outputs' SQNR as part of a sentence. */
function outputsText(effect: Effect | undefined, record: AblationRecord): string {
  return effect?.sqnr && isEqual(effect.sqnr)
    ? `outputs equal to those of ${baselineWords(record).operators}`
    : `${sqnrText(effect)} dB`;
}

/** Milliseconds below which a layer is too short for the clock of the runtime, which counts in thousandths. */
const SHORTEST_MS = 0.01;

/** Milliseconds that int8 saves; less than nothing where it is slower. */
function savedText({ ms }: AblatedLayer): string {
  if (!ms) return "";
  return isTooShort(ms) ? "too short to time" : signedMs(ms.float32 - ms.int8);
}

function timesText({ ms }: AblatedLayer): string {
  return !ms || isTooShort(ms) || ms.float32 === 0 ? "" : factor(ms.int8 / ms.float32);
}

function isTooShort({ float32, int8 }: NonNullable<AblatedLayer["ms"]>): boolean {
  return Math.min(float32, int8) < SHORTEST_MS && Math.abs(float32 - int8) < SHORTEST_MS;
}

/** Columns of the table of layers; those that were not measured are left out. */
export function layerColumns(record: AblationRecord): Column<AblatedLayer>[] {
  const format = ablationFormat(record);
  const unit = format.differenceUnit && `,${format.differenceUnit}`;
  const has = (part: "allBut" | "weights" | "activations") =>
    record.layers.some((layer) => layer[part] !== undefined);
  const effects = (part: "only" | "allBut" | "weights" | "activations", head: string) => [
    ...isSqnr(record) ? [] : [{
      head: `${head}: ${record.metric.name}${unit}`,
      text: (layer: AblatedLayer) => effectValue(layer[part], format),
      interval: (layer: AblatedLayer) => effectRange(layer[part], format),
      numeric: true,
    }],
    {
      head: isSqnr(record) ? `${head}: SQNR, dB` : "SQNR, dB",
      text: (layer: AblatedLayer) => sqnrValue(layer[part]),
      interval: (layer: AblatedLayer) => sqnrRange(layer[part]),
      numeric: true,
    },
  ];
  return [
    { head: "layer", text: layerLabel, code: true },
    { head: "operators", text: ({ ops }) => opsText(ops) },
    ...effects("only", "only this int8"),
    ...(has("weights") ? effects("weights", "its weights") : []),
    ...(has("activations") ? effects("activations", "its activations") : []),
    ...(has("allBut") ? effects("allBut", "all but this") : []),
    ...(record.timing
      ? [{
        head: "ms saved",
        text: savedText,
        numeric: true,
      }, {
        head: "time",
        text: timesText,
        numeric: true,
      }]
      : []),
    {
      head: "why",
      text: (layer) => whyLayer(layer, record),
      wraps: true,
    },
  ];
}

/** `Conv + Relu`, `4 Conv + 3 Relu`. */
function opsText(ops: readonly string[]): string {
  return [...Map.groupBy(ops, (op) => op)]
    .map(([op, { length }]) => length > 1 ? `${length} ${op}` : op).join(" + ");
}

/** Milliseconds with a sign: `+1.20`. */
function signedMs(ms: number): string {
  const text = milliseconds(Math.abs(ms));
  if (Number(text) === 0) return "0";
  return ms < 0 ? `−${text}` : `+${text}`;
}

/** Columns of the table of tensors. */
export const tensorColumns: readonly Column<AblationRecord["tensors"][number]>[] = [
  { head: "tensor", text: ({ name }) => name, code: true },
  { head: "from", text: ({ node }) => node, code: true },
  { head: "own SQNR, dB", text: ({ own }) => dB(own), numeric: true },
  { head: "accumulated, dB", text: ({ accumulated }) => dB(accumulated), numeric: true },
  {
    head: "range",
    text: ({ spread }) => spread ? `[${short(spread.min)}, ${short(spread.max)}]` : "",
    numeric: true,
  },
  {
    head: "kurtosis",
    text: ({ spread }) => spread ? short(spread.kurtosis) : "",
    numeric: true,
  },
  {
    head: "99.9 % of values take",
    text: ({ spread }) => spread ? `${decimal(100 * spread.bulk, 0)} % of the range` : "",
    numeric: true,
  },
];

/** Columns of the table of pairs. */
export function pairColumns(record: AblationRecord): Column<AblationRecord["pairs"][number]>[] {
  const format = ablationFormat(record);
  const labels = new Map(record.layers.map((layer) => [layer.name, layerLabel(layer)]));
  const labelOf = (name: string) => labels.get(name) ?? name;
  return [
    { head: "layers", text: ({ layers }) => layers.map(labelOf).join("  +  "), code: true },
    {
      head: `together: ${record.metric.name}`,
      text: ({ together }) => effectText(together, format),
      numeric: true,
    },
    {
      head: "more than the two alone",
      text: ({ interaction }) => interaction === undefined ? "" : format.difference(interaction),
      numeric: true,
    },
    {
      head: "error against the sum, dB",
      text: ({ noise }) => noise === undefined ? "" : signed(noise, 1),
      numeric: true,
    },
  ];
}

function dB(value: number | undefined): string {
  return value === undefined ? "" : value >= MAX_SQNR ? "equal" : decimal(value, 1);
}

function short(value: number): string {
  const text = String(Number(Math.abs(value).toPrecision(3)));
  return value < 0 ? `−${text}` : text;
}

/** The headline and the table of layers, as text. */
export function ablationText(record: AblationRecord): string {
  const table = textTable(rankedLayers(record), layerColumns(record));
  return `${ablationHeadline(record).join("\n")}\n\n${table}`;
}

/** What an ablation says as a whole, in sentences: what costs most and why, and what it rests on. */
export function ablationHeadline(record: AblationRecord): string[] {
  const { metric, baseline, int8, cost, layers, leftOut, stopped, data } = record;
  const format = ablationFormat(record);
  const worst = rankedLayers(record)[0];
  const lines: string[] = [];
  if (worst?.only) {
    const why = whyLayer(worst, record);
    lines.push(worstLine(worst, record));
    if (why !== "" && !changesNothing(worst.only)) lines.push(`${layerLabel(worst)}: ${why}.`);
  }
  const value = `${format.value(baseline.value)}${format.unit}`;
  if (int8) {
    lines.push(
      `${baselineWords(record).operators}: ${metric.name} ${value}; ${allLayers(record)} int8: ` +
        `${isSqnr(record) ? "" : `${effectText(int8, format)}${format.differenceUnit}, `}` +
        `${outputsText(int8, record)}.`,
    );
  }
  if (leftOut.length > 0) lines.push(leftOutLine(record));
  const screened = layers.some(({ only, allBut }) => (only ?? allBut)?.margin !== undefined);
  const samples = Math.max(0, ...layers.map(({ only, allBut }) => (only ?? allBut)?.samples ?? 0));
  lines.push(
    `On ${plural(samples, "sample")} of ${data.name}; in brackets 95 % intervals, of differences ` +
      `paired on the same samples.` +
      (screened
        ? " Samples whose class leads by more than any change was seen to move it were not run. They " +
          "count as unchanged."
        : ""),
  );
  if (record.timing) lines.push(`Layers were timed in ${timedInText(record.timing)}.`);
  if (cost.reused > 0) lines.push(`${plural(cost.reused, "effect")} came from an earlier run.`);
  if (stopped) lines.push("The ablation was stopped before everything was measured.");
  if (record.timing?.drifted) {
    lines.push("The speed of the machine changed while layers were timed: times are less certain.");
  }
  return lines;
}

/** Which layer costs most, and how much; that none does where even its outputs are equal. */
function worstLine(worst: AblatedLayer, record: AblationRecord): string {
  const { metric, int8 } = record;
  const only = worst.only!;
  if (changesNothing(only)) {
    return changesNothing(int8)
      ? "int8 changes nothing that can be seen."
      : "No layer alone changes anything that can be seen in int8.";
  }
  const format = ablationFormat(record);
  const effect = isSqnr(record) ? "" : effectText(only, format);
  const layer = layerLabel(worst);
  const seen = isSqnr(record) || costsAnything(record);
  const costs = seen
    ? `${layer} costs most: `
    : `No layer costs anything that can be seen in ${metric.name}. ${layer} brings most of the error: `;
  const outputs = only.sqnr ? `the outputs have ${sqnrText(only)} dB` : "the outputs were measured";
  return `${costs}with this layer alone in int8 ${outputs}` +
    `${effect ? `, ${metric.name} ${effect}${format.differenceUnit}` : ""}.`;
}

/** Whether the outputs are float32's to the bit, and with them whatever a metric makes of them. */
function changesNothing(effect: Effect | undefined): boolean {
  return effect?.sqnr !== undefined && isEqual(effect.sqnr) &&
    (effect.difference?.value ?? 0) === 0;
}

/** Layers that are not in the table, counted by reason, the most first. */
function leftOutLine({ leftOut }: AblationRecord): string {
  const most = <T>(groups: Map<string, T[]>) =>
    [...groups].toSorted(([, a], [, b]) => b.length - a.length);
  const reasons = most(Map.groupBy(leftOut, ({ why }) => why)).map(([why, nodes]) => {
    const ops = most(Map.groupBy(nodes, ({ opType }) => opType));
    return `${ops.map(([op, { length }]) => `${length} ${op}`).join(" + ")} (${why})`;
  });
  const more = reasons.length > 3 ? "; and others, which the report names" : "";
  return `Not in the table, as ${leftOut.length > 1 ? "they stay" : "it stays"} float32 here: ` +
    `${
      reasons.slice(0, 3).join(", ")
    }${more}. \`quantize\` stores such weights small where it can.`;
}

/** What "all int8" is of: layers that were not ablated are int8 in it too. */
function allLayers({ layers, provenance }: AblationRecord): string {
  return provenance.options.layers === undefined
    ? `all ${plural(layers.length, "layer")}`
    : "all layers of the network";
}
