import type { AblatedLayer, AblationRecord, Effect } from "../record/ablation_record.ts";
import { type Estimate, MAX_SQNR } from "../record/metric_info.ts";
import { provenLoss } from "../record/sensitivity_rank.ts";
import { ablationFormat, isSqnr, layerLabel, rankedLayers } from "./ablation_rows.ts";
import type { Chart, Key } from "./chart.ts";
import { decimal } from "./format.ts";
import { type ChartLine, type ChartRow, rowChart } from "./row_chart.ts";
import { COLOURS, MUTED, type Shape } from "./theme.ts";

/** Which of a layer's effects a chart shows. */
type Part = "only" | "allBut";

interface Look {
  readonly label: string;
  readonly colour: string;
  readonly shape: Shape;
}

const LOOKS = {
  costs: { label: "costs significantly", colour: COLOURS.vermillion, shape: "diamond" },
  outliers: { label: "outliers take its range", colour: COLOURS.orange, shape: "triangle" },
  plain: { label: "within noise", colour: COLOURS.blue, shape: "circle" },
} as const satisfies Record<string, Look>;

/**
 * What int8 in each layer alone leaves of the outputs, most sensitive first: SQNR with its interval, and
 * the effect on the metric in figures. Reads with a hundred layers as with five.
 */
export function onlyChart(record: AblationRecord, options: { width?: number } = {}): Chart {
  return chart(record, "only", rankedLayers(record), {
    ...options,
    axis: "SQNR of the outputs with this layer alone in int8, dB",
  });
}

/** What all layers int8 but one leave of the outputs, in the same order; the line is all of them int8. */
export function allButChart(record: AblationRecord, options: { width?: number } = {}): Chart {
  const { int8 } = record;
  return chart(record, "allBut", rankedLayers(record), {
    ...options,
    axis: "SQNR of the outputs with all layers in int8 but this one, dB",
    lines: int8?.sqnr ? [{ at: int8.sqnr.value, label: "all int8", dashes: "5 4" }] : [],
  });
}

function chart(
  record: AblationRecord,
  part: Part,
  layers: readonly AblatedLayer[],
  { width, axis, lines = [] }: { width?: number; axis: string; lines?: readonly ChartLine[] },
): Chart {
  const measured = layers.flatMap((layer) => {
    const effect = layer[part];
    return effect?.sqnr ? [{ layer, effect, sqnr: effect.sqnr }] : [];
  });
  const looks = measured.map(({ layer, effect }) => lookOf(layer, effect, record));
  const ends = measured.filter(({ sqnr }) => sqnr.value < MAX_SQNR)
    .flatMap(({ sqnr }) => [sqnr.low, sqnr.high]);
  const marks = [...ends, ...lines.map(({ at }) => at)];
  const drawn = rowChart(measured.map((one, i) => rowOf(record, one, looks[i]!)), {
    mark: "dot",
    axis,
    format: decimal,
    lines,
    ...(marks.length > 0 && { domain: [Math.min(...marks), Math.max(...marks)] }),
    ...(width !== undefined && { width }),
  });
  const missing = layers.length - measured.length;
  return { ...drawn, key: keyOf(record, new Set(looks), missing), note: noteOf(record) };
}

/** A layer with what was measured of it. */
interface MeasuredLayer {
  readonly layer: AblatedLayer;
  readonly effect: Effect;
  readonly sqnr: Estimate;
}

function rowOf(
  record: AblationRecord,
  { layer, effect, sqnr }: MeasuredLayer,
  look: Look,
): ChartRow {
  const format = ablationFormat(record);
  const { value, low, high } = sqnr;
  const dB = value >= MAX_SQNR ? "equal" : `${decimal(value, 1)} dB`;
  const difference = isSqnr(record) || !effect.difference
    ? ""
    : `\u2003${format.difference(effect.difference.value)} ${
      format.differenceRange(effect.difference)
    }`;
  return {
    label: layerLabel(layer),
    ...{ value, low, high },
    text: `${dB}${difference}`,
    shortText: dB,
    colour: look.colour,
    shape: look.shape,
    strong: look === LOOKS.costs,
  };
}

function keyOf(record: AblationRecord, used: ReadonlySet<Look>, missing: number): Key[] {
  const key = Object.values(LOOKS).filter((look) => used.has(look)).map((look): Key => ({
    label: look === LOOKS.plain && isSqnr(record) ? "no outliers" : look.label,
    colour: look.colour,
    glyph: look.shape,
  }));
  if (missing > 0) key.push({ label: `${missing} not measured`, colour: MUTED, glyph: "line" });
  return key;
}

function noteOf(record: AblationRecord): string {
  const { differenceUnit } = ablationFormat(record);
  const unit = differenceUnit && `,${differenceUnit}`;
  return "Bars: 95 % intervals of the mean over samples." +
    (isSqnr(record)
      ? ""
      : ` Numbers on the right: the effect on ${record.metric.name}${unit}, paired.`);
}

function lookOf(layer: AblatedLayer, effect: Effect, { metric }: AblationRecord): Look {
  // In SQNR every layer costs significantly, which tells no layer from another.
  if (!metric.signalToNoise && effect === layer.only && provenLoss(effect, metric) > 0) {
    return LOOKS.costs;
  }
  return layer.why !== "" ? LOOKS.outliers : LOOKS.plain;
}
