import { winogradParts } from "./winograd_parts.ts";
import type { ExactForm, NodeForm, ObserverSpec, Recipe } from "./recipe.ts";

/**
 * A recipe in a few words: `lowered · compact · lp-norm 2.4 · per-channel`, or `static and dynamic`.
 *
 * @example
 * ```ts
 * import { recipeName } from "./recipe_name.ts";
 * import assert from "node:assert/strict";
 * assert.equal(
 *   recipeName({
 *     kind: "configuration",
 *     base: "lowered",
 *     placement: "mixed",
 *     observer: { name: "percentile", percentile: 99.9 },
 *     samples: 16,
 *   }),
 *   "lowered · mixed · percentile 99.9 · 16 samples",
 * );
 * ```
 */
export function recipeName(recipe: Recipe): string {
  const { samples } = recipe;
  const sized = samples === undefined ? [] : [`${samples} sample${samples === 1 ? "" : "s"}`];
  return [seriesName(recipe), ...sized].join(" · ");
}

/** The same without the number of calibration samples: what trials that differ in it alone share. */
export function seriesName(recipe: Recipe): string {
  const corrections = recipe.corrections ?? [];
  if (recipe.kind === "assignment") {
    const names = namesOfForms(Object.values(recipe.forms));
    const convs = Object.values(recipe.convs ?? {}).map((form) => winogradParts(form).hasIntegers);
    if (convs.includes(false)) names.push("Winograd");
    if (convs.includes(true)) names.push("integer Winograd");
    return [listed(names) || "float32", ...corrections].join(" + ");
  }
  const { base, observer, weights } = recipe;
  const parts = [
    base === "fused" ? undefined : baseName(base),
    recipe.kind === "mapping" ? recipe.name : recipe.placement,
    observer && observerName(observer),
    weights,
    corrections.length > 0 ? corrections.join(" + ") : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}

/** An observer as it calls itself: `percentile 99.99`, `lp-norm 2.4 of 512 bins`. */
export function observerName({ name, percentile, power, bins }: ObserverSpec): string {
  const words = [name, percentile ?? power].filter((word) => word !== undefined).join(" ");
  return bins === undefined ? words : `${words} of ${bins} bins`;
}

/** A form in a word or two: `static`, `int8 weights`. */
function formName(form: NodeForm): string {
  if (form.kind !== "weightOnly") return form.kind;
  const { bits = 8 } = form;
  return bits === 16 ? "float16 weights" : `int${bits} weights`;
}

/** An exact form of the network in words; equal forms have equal names. */
export function baseName(base: ExactForm): string {
  if (typeof base === "string") return base;
  const products = base.products.map(({ node, form }) => `${node} ${form}`).sort();
  return [base.frames ? "frames" : "fused", ...products].join("; ");
}

/** What colour and legend tell apart: `float32`, `static`, `dynamic`, `mixed`, `weights only`, or a placement's own name. */
export function recipeFamily(recipe: Recipe): string {
  if (recipe.kind === "mapping") return recipe.name;
  if (recipe.kind === "configuration") return FAMILIES[recipe.placement] ?? recipe.placement;
  const kinds = new Set(Object.values(recipe.forms).map(({ kind }) => kind));
  const convs = Object.values(recipe.convs ?? {});
  if (convs.some((form) => winogradParts(form).hasIntegers)) kinds.add("dynamic");
  const [isStatic, isDynamic] = [kinds.has("static"), kinds.has("dynamic")];
  if (isStatic) return isDynamic ? "mixed" : "static";
  return isDynamic ? "dynamic" : kinds.has("weightOnly") ? "weights only" : "float32";
}

/** How the families of built-in placements are called. */
const FAMILIES: Readonly<Record<string, string>> = {
  "float32": "float32",
  "cnn-static": "static",
  "rnn-dynamic": "dynamic",
  "mixed": "mixed",
};

/** The forms there are beside float32, most frequent first. */
function namesOfForms(forms: readonly NodeForm[]): string[] {
  return [...Map.groupBy(forms.map(formName), (name) => name)]
    .filter(([name]) => name !== "float32")
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([name]) => name);
}

function listed(names: readonly string[]): string {
  return new Intl.ListFormat("en", { type: "conjunction" }).format(names);
}
