import type { Assignment } from "./assignment.ts";

/** What an assignment makes of a network, in a few words: `18 static, 3 dynamic, 4 int8 weights`. */
export function summaryOf({ forms, corrections = [] }: Assignment): string {
  const counts = [...Map.groupBy(Object.values(forms), (form) => form)]
    .map(([form, { length }]) => `${length} ${form}`)
    .sort((a, b) => parseInt(b) - parseInt(a));
  return [counts.join(", ") || "float32", ...corrections].join(" + ");
}
