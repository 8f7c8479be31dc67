/**
 * Octavo in a notebook: charts and tables that show themselves as the last line of a cell, and print as
 * text elsewhere. Imported as `octavo/notebook`.
 *
 * @module
 */

// Tables of one's own rows, and of a plan.
export { Table, table } from "./lib/display.ts";
export { planOf, type Shown } from "./lib/report/notebook_display.ts";
export { errorsOf } from "./lib/report/error_chart.ts";

// A study.
export {
  decisionsOf,
  differencesOf,
  rangesOf,
  samplesOf,
  scatterOf,
  sizesOf,
  trialsOf,
} from "./lib/report/notebook_display.ts";

// Several comparisons, side by side.
export { comparisonsOf } from "./lib/report/comparison_chart.ts";
export type { ComparisonRecord } from "./lib/record/comparison_record.ts";

// What observers keep of a tensor, for rangesOf().
export { describeRanges, type DescribeRangesOptions } from "./lib/calibrate/describe_ranges.ts";
export type { RangesRecord } from "./lib/record/ranges_record.ts";
