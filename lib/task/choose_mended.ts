import { EXACT_DB } from "../cost/form_noise.ts";
import type { Estimate } from "../record/metric_info.ts";

/** What decides between the forms of a file. */
export interface MeasuredForm {
  readonly bytes: number;
  /** Signal over noise against float32, dB. @default {it is as close as the others} */
  readonly closeness?: number | undefined;
  /** Its time, against the file's. */
  readonly ratio: Estimate;
}

/** A file that is smaller by less is not worth another one. */
const LEAST_SAVED = 0.02;

/** What a form may take of the file's time where its size is the reason. */
const NO_WORSE = { value: 1.01, high: 1.05 };

/** Of forms that take the same time but for this share, chance says which is the fastest. */
const SAME_TIME = 0.02;

/**
 * The form that takes the place of a file: the fastest, where it is faster beyond doubt, or of those that are as
 * fast the closest to float32, and of those the smallest; otherwise the smallest, where it saves bytes and takes no
 * more time.
 *
 * @returns Undefined where none is better.
 * @example
 * ```ts
 * import { chooseMended } from "./choose_mended.ts";
 * import assert from "node:assert/strict";
 * const faster = { bytes: 100, ratio: { value: 0.5, low: 0.4, high: 0.6, n: 15 } };
 * const doubtful = { bytes: 100, ratio: { value: 0.98, low: 0.9, high: 1.1, n: 15 } };
 * assert.equal(chooseMended([doubtful, faster], 100), faster);
 * assert.equal(chooseMended([doubtful], 100), undefined);
 * ```
 */
export function chooseMended<F extends MeasuredForm>(
  forms: readonly F[],
  fileBytes: number,
): F | undefined {
  const least = Math.min(...forms.map(({ ratio }) => ratio.value));
  const [best] = forms
    .filter(({ ratio }) => ratio.high < 1 && ratio.value <= least * (1 + SAME_TIME))
    .toSorted((a, b) => closenessOf(b) - closenessOf(a) || a.bytes - b.bytes);
  if (best) return best;
  const [smallest] = forms
    .filter(({ bytes, ratio }) =>
      bytes <= (1 - LEAST_SAVED) * fileBytes && ratio.value <= NO_WORSE.value &&
      ratio.high <= NO_WORSE.high
    )
    .toSorted((a, b) => a.bytes - b.bytes);
  return smallest;
}

function closenessOf({ closeness = EXACT_DB }: MeasuredForm): number {
  return Math.min(closeness, EXACT_DB);
}
