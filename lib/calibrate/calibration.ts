import { UserError } from "../errors.ts";
import type { ChannelStatistics } from "./channel_statistics.ts";
import { emptyStatistics, type TensorStatistics } from "./statistics.ts";

/**
 * What calibration saw of each watched tensor. Plain enough to be stored and used again.
 * @category Steps
 */
export interface Calibration {
  /** Number of samples run. */
  readonly samples: number;
  /** By name of the tensor. */
  readonly statistics: ReadonlyMap<string, TensorStatistics>;
}

/** Number of the form that {@linkcode calibrationToJson} writes; another one cannot be read. */
export const CALIBRATION_FORMAT = 2;

/**
 * Turns a calibration into plain JSON. Of tensors that never had a value (an empty slice, say), or an
 * infinite one, there is nothing to know but that.
 * @example Kept for the next time
 * ```ts
 * import { calibrate, calibrationFromJson, calibrationToJson } from "octavo";
 * import { float32Tensor, prepare, qconfigMapping, staticInt8 } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.5, -1.0]
 *   y = Gemm(x, w)`);
 * const prepared = prepare(model, qconfigMapping({ default: staticInt8() }));
 * const calibration = await calibrate(prepared, [{ x: float32Tensor([1, 2], [1, 4]) }]);
 * const text = JSON.stringify(calibrationToJson(calibration));
 * assert.deepEqual(calibrationFromJson(JSON.parse(text)), calibration);
 * ```
 * @category Steps
 */
export function calibrationToJson(calibration: Calibration): unknown {
  const all = [...calibration.statistics];
  const seen = all.filter(([, { count }]) => count > 0);
  return {
    format: CALIBRATION_FORMAT,
    samples: calibration.samples,
    empty: all.filter(([, { count, endless }]) => count === 0 && !endless).map(([name]) => name),
    endless: all.filter(([, { endless }]) => endless).map(([name]) => name),
    statistics: Object.fromEntries(
      seen.map(([name, { histogram, channels, ...rest }]) => [name, {
        ...rest,
        histogram: { ...histogram, counts: [...histogram.counts] },
        ...(channels && { channels: mapArrays(channels, (array) => [...array]) }),
      }]),
    ),
  };
}

/**
 * Reads what {@linkcode calibrationToJson} wrote.
 *
 * @throws {UserError} If it is something else, or was written by another version.
 * @see {@linkcode calibrationToJson} for an example
 * @category Steps
 */
export function calibrationFromJson(json: unknown): Calibration {
  const stored = json as {
    format?: number;
    samples?: number;
    empty?: readonly string[];
    endless?: readonly string[];
    statistics?: Record<string, TensorStatistics>;
  } | null;
  if (typeof stored?.samples !== "number" || typeof stored.statistics !== "object") {
    throw new UserError("Cannot read a calibration: expected { format, samples, statistics }");
  }
  if (stored.format !== CALIBRATION_FORMAT) {
    throw new UserError(
      `Cannot read a calibration of format ${stored.format ?? 1}: this version reads ` +
        `${CALIBRATION_FORMAT}; calibrate again`,
    );
  }
  const seen = Object.entries(stored.statistics).map((
    [name, { histogram, channels, ...rest }],
  ): [string, TensorStatistics] => [name, {
    ...rest,
    histogram: { ...histogram, counts: Float64Array.from(histogram.counts) },
    ...(channels && { channels: mapArrays(channels, (array) => Float64Array.from(array)) }),
  }]);
  const { samples, empty = [], endless = [] } = stored;
  const without = [
    ...empty.map((name) => [name, emptyStatistics()] as const),
    ...endless.map((name) => [name, { ...emptyStatistics(), endless: true }] as const),
  ];
  return { samples, statistics: new Map([...seen, ...without]) };
}

function mapArrays<T>({ count, min, max, sum }: ChannelStatistics, map: (a: Float64Array) => T) {
  return { count, min: map(min), max: map(max), sum: map(sum) };
}
