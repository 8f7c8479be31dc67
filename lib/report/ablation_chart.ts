import type { AblatedLayer, AblationRecord, Effect } from "../record/ablation_record.ts";
import { MAX_SQNR } from "../record/metric_info.ts";
import { provenLoss } from "../record/sensitivity_rank.ts";
import { ablationFormat, isSqnr, layerName, rankedLayers } from "./ablation_rows.ts";
import type { Chart, Key } from "./chart.ts";
import { decimal } from "./format.ts";
import { type ChartLine, type ChartRow, rowChart } from "./row_chart.ts";
import { COLOURS, MUTED, type Shape } from "./theme.ts";

interface Look {
  readonly label: string;
  readonly colour: string;
  readonly shape: Shape;
}

const LOOKS = {
  costs: { label: "costs beyond noise", colour: COLOURS.vermillion, shape: "diamond" },
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
  part: "only" | "allBut",
  layers: readonly AblatedLayer[],
  { width, axis, lines }: { width?: number; axis: string; lines?: readonly ChartLine[] },
): Chart {
  const format = ablationFormat(record);
  const relative = isSqnr(record);
  const used = new Set<Look>();
  const measured = layers.filter((layer) => layer[part]?.sqnr);
  const finite = measured.filter((layer) => layer[part]!.sqnr!.value < MAX_SQNR);
  const ends = finite.flatMap((layer) => [layer[part]!.sqnr!.low, layer[part]!.sqnr!.high]);
  const rows = measured.map((layer): ChartRow => {
    const effect = layer[part]!;
    const { value, low, high } = effect.sqnr!;
    const look = lookOf(layer, effect, record);
    used.add(look);
    const dB = value >= MAX_SQNR ? "equal" : `${decimal(value, 1)} dB`;
    const difference = relative || !effect.difference
      ? ""
      : `\u2003${format.difference(effect.difference.value)} ${
        format.differenceRange(effect.difference)
      }`;
    return {
      label: layerName(layer),
      ...{ value, low, high },
      text: `${dB}${difference}`,
      shortText: dB,
      colour: look.colour,
      shape: look.shape,
      strong: look === LOOKS.costs,
    };
  });
  const marks = [...ends, ...(lines ?? []).map(({ at }) => at)];
  const drawn = rowChart(rows, {
    mark: "dot",
    axis,
    format: decimal,
    ...(marks.length > 0 && { domain: [Math.min(...marks), Math.max(...marks)] }),
    ...(lines && { lines }),
    ...(width !== undefined && { width }),
  });
  const key: Key[] = Object.values(LOOKS).filter((look) => used.has(look))
    .map(({ label, colour, shape }) => ({ label, colour, glyph: shape }))
    .map((entry) =>
      relative && entry.label === LOOKS.plain.label ? { ...entry, label: "no outliers" } : entry
    );
  const missing = layers.length - measured.length;
  return {
    ...drawn,
    key: [
      ...key,
      ...missing > 0
        ? [{ label: `${missing} not measured`, colour: MUTED, glyph: "line" as const }]
        : [],
    ],
    note: "Bars: 95 % intervals of the mean over samples." +
      (relative
        ? ""
        : ` At the right the effect on ${record.metric.name}${
          format.differenceUnit && `,${format.differenceUnit}`
        }, paired.`),
  };
}

function lookOf(layer: AblatedLayer, effect: Effect, { metric }: AblationRecord): Look {
  // Closeness to float32 itself is never within noise, which says nothing of one layer more than another.
  if (!metric.signalToNoise && effect === layer.only && provenLoss(effect, metric) > 0) {
    return LOOKS.costs;
  }
  return layer.why !== "" ? LOOKS.outliers : LOOKS.plain;
}
