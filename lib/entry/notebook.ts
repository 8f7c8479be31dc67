/**
 * Octavo in a notebook: charts and tables that show themselves as the last line of a cell, and print as
 * text elsewhere. Imported as `octavo/notebook`.
 *
 * @example The last line of a cell
 * ```ts
 * import { table } from "octavo/notebook";
 * import assert from "node:assert/strict";
 *
 * const shown = table([{ observer: "min-max", dB: 31.2 }, { observer: "mse", dB: 33.8 }]);
 * assert.match(shown.text, /mse +33\.8/);
 * ```
 *
 * @module
 */

// Tables of one's own rows, and of a plan.
export { JUPYTER_DISPLAY, type MimeBundle, Table, table } from "../display.ts";
export { planOf } from "../report/notebook_display.ts";
export type { Shown, ShownLater } from "../report/shown.ts";
export { errorsOf } from "../report/error_chart.ts";

// A study.
export {
  decisionsOf,
  differencesOf,
  rangesOf,
  samplesOf,
  scatterOf,
  sizesOf,
  trialsOf,
} from "../report/notebook_display.ts";

// Several comparisons, side by side.
export { comparisonsOf } from "../report/comparison_chart.ts";
export type { ComparedModel, ComparisonRecord } from "../record/comparison_record.ts";

// What observers keep of a tensor, for rangesOf().
export { describeRanges, type DescribeRangesOptions } from "../calibrate/describe_ranges.ts";
export type { RangesRecord, TensorRange } from "../record/ranges_record.ts";
