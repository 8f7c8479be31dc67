import type { Calibration } from "./calibration.ts";
import { coarsen } from "./histogram.ts";
import type { Observer } from "./observers.ts";
import { clipSqnr } from "./quantization_error.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";
import { modulePaths } from "../onnx/module_path.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import type { RangesRecord, TensorRange } from "../record/ranges_record.ts";

/** Bins of a histogram that is looked at and not computed with. */
const SHOWN_BINS = 64;

/**
 * Options for {@linkcode describeRanges}.
 * @category Charts (notebook)
 */
export interface DescribeRangesOptions {
  /** Tensors to describe; of the rest there is only their number. @default {6} */
  most?: number;
}

/**
 * What calibration saw of the tensors that observers disagree about most, by the ratio of the widest
 * range to the narrowest, min-max being one of them: each with its histogram and the range that every
 * observer keeps.
 *
 * @param graph That was calibrated, for the names of what makes the tensors.
 * @example
 * ```ts
 * import { percentile } from "octavo";
 * import { addValues, emptyStatistics, parseModel } from "octavo/advanced";
 * import { describeRanges } from "octavo/notebook";
 * import assert from "node:assert/strict";
 * const { graph } = parseModel("input x float32[8]; output y float32[8]; y = Relu(x)");
 * const values = Float32Array.from({ length: 1000 }, (_, i) => i === 0 ? 50 : i / 1000);
 * const seen = { samples: 1, statistics: new Map([["y", addValues(emptyStatistics(), values)]]) };
 * const { tensors: [y] } = describeRanges(seen, graph, [percentile(99)]);
 * assert.equal(y!.opType, "Relu");
 * assert.ok(y!.max === 50 && y!.clips[0]!.max < 1);
 * ```
 * @category Charts (notebook)
 */
export function describeRanges(
  { samples, statistics }: Calibration,
  graph: GraphProto,
  observers: readonly Observer[],
  options: DescribeRangesOptions = {},
): RangesRecord {
  const { most = 6 } = options;
  const paths = modulePaths(graph);
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node])));
  const seen = [...statistics].filter(([, { count }]) => count > 0)
    .map(([tensor, statistics]) => {
      const ranges = observers.map((observer) => observer.range(statistics));
      return { tensor, statistics, ranges, ratio: widthRatio([statistics, ...ranges]) };
    });
  const shown = seen.toSorted((a, b) => b.ratio - a.ratio).slice(0, most);
  return {
    samples,
    tensors: shown.map(({ tensor, statistics, ranges }): TensorRange => {
      const { count, min, max, histogram } = statistics;
      const { width, first, counts } = coarsen(histogram, SHOWN_BINS);
      const maker = makers.get(tensor);
      return {
        tensor,
        opType: maker?.opType ?? "",
        path: (maker && paths.get(maker)) ?? "",
        ...{ count, min, max },
        histogram: { start: first * width, width, counts: [...counts] },
        clips: ranges.map((range, i) => ({
          observer: observers[i]!.name,
          ...{ min: range.min, max: range.max },
          dB: decibels(statistics, range),
        })),
      };
    }),
    others: seen.length - shown.length,
  };
}

/** How many times wider the widest range is than the narrowest, each as wide as the integers lie. */
function widthRatio(ranges: readonly Range[]): number {
  const widths = ranges.map(({ min, max }) => Math.max(max, 0) - Math.min(min, 0));
  const narrowest = Math.min(...widths);
  return narrowest > 0 ? Math.max(...widths) / narrowest : 1;
}

/** To hundredths: finer, they would only make the record longer. */
function decibels(statistics: TensorStatistics, range: Range): number | null {
  const found = clipSqnr(statistics, range);
  return Number.isFinite(found) ? Math.round(100 * found) / 100 : null;
}
