import { DEFAULT_OBSERVER, observerSpec } from "../../calibrate/observer_table.ts";
import type { NodeForm, ObserverSpec } from "../../record/recipe.ts";
import { observerName } from "../../record/recipe_name.ts";

/** A form that a layer can take, as its noise and its decision are noted. */
export type SearchForm = "static" | "dynamic" | StoredWeights;

/** A form that a kernel can take: as float32 it may be a Conv that is written with integer products. */
export type ChoiceForm = SearchForm | "float32" | "integer products";

/** A float32 kernel whose weights are stored smaller. */
export type StoredWeights = "int8 weights" | "int4 weights" | "float16 weights";

/** All forms that stored weights can take, in the order in which they are tried. */
export const STORED_WEIGHTS: readonly StoredWeights[] = [
  "int8 weights",
  "float16 weights",
  "int4 weights",
];

/** What a recipe asks for, by form. Which int8 kernels are slow is for measured times to say. */
export const SEARCH_FORMS: Readonly<Record<SearchForm, NodeForm>> = {
  "static": { kind: "static", kernels: "any" },
  "dynamic": { kind: "dynamic" },
  "int8 weights": { kind: "weightOnly" },
  "int4 weights": { kind: "weightOnly", bits: 4 },
  "float16 weights": { kind: "weightOnly", bits: 16 },
};

/** What is left of the bytes of float32 weights, by form; the scales are left aside. */
export const BYTES_LEFT: Readonly<Record<ChoiceForm, number>> = {
  "float32": 1,
  "integer products": 16 / 9 / 4, // transformed weights
  "static": 0.25,
  "dynamic": 0.25,
  "int8 weights": 0.25,
  "int4 weights": 0.14, // blocks of 32 have a scale each
  "float16 weights": 0.5,
};

/**
 * Observers that a search chooses from for each tensor, by the names that they have in measurements.
 * The first is the usual one. To add an observer to the search, name it here.
 */
export const SEARCH_OBSERVERS: ReadonlyMap<string, ObserverSpec> = new Map(
  [
    observerSpec(DEFAULT_OBSERVER),
    observerSpec("min-max"),
    observerSpec("percentile", { percentile: 99.99 }),
    observerSpec("percentile", { percentile: 99.9 }),
    observerSpec("mse"),
    observerSpec("histogram"),
  ].map((spec) => [observerName(spec), spec]),
);

/** Name of the observer of tensors of which a recipe says nothing. */
export const USUAL_OBSERVER: string = observerName(observerSpec(DEFAULT_OBSERVER));
