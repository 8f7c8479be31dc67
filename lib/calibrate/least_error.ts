import type { Observer } from "./observers.ts";
import { quantizationError } from "./quantization_error.ts";
import type { Range } from "./range.ts";
import type { TensorStatistics } from "./statistics.ts";

/** Clips of the grid for each end: 1, 0.97, 0.97^2, ... 1/64 of what was seen. */
const CLIPS = Array.from({ length: 137 }, (_, i) => 0.97 ** i);

/** Least gain for which the ends are searched once more. */
const GAIN = 1e-3;

/**
 * Keeps the range with the least mean squared error on a grid of clips: each end is tried at 1, 0.97,
 * 0.97^2, ... of what was seen while the other stays, in turns, until neither helps any more. The
 * error is that of the integers which the quantizer will use, see {@linkcode quantizationError}. Ends
 * are searched one by one, so a long tail on one side does not cost the other side's values.
 *
 * @see {@link https://arxiv.org/abs/2106.08295 | Nagel et al. 2021}, section 3.1
 * @example Only the long tail is clipped
 * ```ts
 * import { mse } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 1e6 }, (_, i) => i > 0 ? i / 5e5 - 1 : 20);
 * const { min, max } = mse().range(addValues(emptyStatistics(), values));
 * assert.ok(min < -0.9 && max < 10);
 * ```
 * @category Observers
 */
export function mse(): Observer {
  return { name: "mse", range: (statistics) => leastError(statistics, 2) };
}

/**
 * Keeps the range with the least mean |error|^p on the grid of clips of {@linkcode mse}. Above 2, p
 * makes a few badly clipped values count for more beside many finely rounded ones: where large values
 * are what a network acts upon, the squared error clips them too readily. As p grows, the range
 * becomes min-max.
 *
 * @param p Power of the error, 1 or more. @default {2.4}
 * @throws {RangeError} If `p` is below 1 or not finite.
 * @see {@link https://arxiv.org/abs/1911.07190 | Nahshan et al. 2019}, for clips by p-norms;
 * 2.4 is what {@link https://arxiv.org/abs/2102.05426 | BRECQ} and its successors start from
 * @example It clips less than the squared error does
 * ```ts
 * import { lpNorm, mse } from "octavo";
 * import { addValues, emptyStatistics } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const values = Float32Array.from({ length: 1e5 }, (_, i) => -Math.log((i + 1) / 1e5));
 * const seen = addValues(emptyStatistics(), values);
 * assert.ok(lpNorm(3).range(seen).max > mse().range(seen).max);
 * ```
 * @category Observers
 */
export function lpNorm(p = 2.4): Observer {
  if (!(p >= 1 && p < Infinity)) throw new RangeError(`lpNorm() takes a power from 1 up, got ${p}`);
  return { name: `lp-norm ${p}`, range: (statistics) => leastError(statistics, p) };
}

function leastError(statistics: TensorStatistics, norm: number): Range {
  let range: Range = { min: statistics.min, max: statistics.max };
  let error = quantizationError(statistics, range, { norm }).total;
  for (;;) {
    const before = error;
    for (const end of ["max", "min"] as const) {
      const seen = statistics[end];
      if (end === "max" ? seen <= 0 : seen >= 0) continue; // the range ends in 0 there
      for (const clip of CLIPS) {
        const candidate = { ...range, [end]: clip * seen };
        const { total, clipping } = quantizationError(statistics, candidate, { norm });
        if (total < error) [range, error] = [candidate, total];
        if (clipping > error) break; // narrower ones clip more still
      }
    }
    if (!(error < before * (1 - GAIN))) return range;
  }
}
