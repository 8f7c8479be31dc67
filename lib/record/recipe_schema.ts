import { z } from "zod";
import { PART_NAMES, type PartSelector } from "./part_name.ts";
import type { ObserverSpec, OutlierColumns, Recipe, SlowLayer, WinogradForm } from "./recipe.ts";
import { schemaOf } from "./schema_of.ts";

/** Schemas of a recipe and its parts; `recipe.ts` says what they mean. */

const observerSpec = schemaOf<ObserverSpec>()(
  z.strictObject({
    name: z.string(),
    percentile: z.number().optional(),
    power: z.number().optional(),
    bins: z.int().optional(),
  }),
);

export const outlierColumns = schemaOf<OutlierColumns>()(
  z.strictObject({ columns: z.array(z.int()), dB: z.number() }),
);

const nodeForm = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("float32") }),
  z.strictObject({
    kind: z.literal("static"),
    observer: observerSpec.optional(),
    weights: z.string().optional(),
    kernels: z.enum(["fast", "any"]).optional(),
  }),
  z.strictObject({
    kind: z.literal("dynamic"),
    weights: z.string().optional(),
    outliers: outlierColumns.optional(),
  }),
  z.strictObject({
    kind: z.literal("weightOnly"),
    bits: z.literal([4, 8, 16]).optional(),
    weights: z.string().optional(),
  }),
]);

const convProduct = z.strictObject({
  node: z.string(),
  form: z.enum(["im2col", "perPosition", "perRow", "dense", "phases"]),
});

export const winogradForm = schemaOf<WinogradForm>()(
  z.templateLiteral([
    "winograd ",
    z.int().min(1),
    "x",
    z.int().min(1),
    z.enum(["", ", integers"]),
  ]),
);

const base = {
  base: z.union([
    z.enum(["fused", "lowered"]),
    z.strictObject({ frames: z.boolean(), products: z.array(convProduct) }),
  ]),
  samples: z.int().optional(),
  corrections: z.array(z.string()).optional(),
  convs: z.record(z.string(), winogradForm).optional(),
  operators: z.enum(["fast", "approximate"]).optional(),
};

export const slowLayer = schemaOf<SlowLayer>()(
  z.strictObject({ nodes: z.array(z.string()), int8Ms: z.number(), float32Ms: z.number() }),
);

const partSelector = schemaOf<PartSelector>()(
  z.strictObject({ part: z.enum(PART_NAMES), layer: z.int().optional() }),
);

const ruleForm = z.union([z.string(), nodeForm]);

export const recipe = schemaOf<Recipe>()(
  z.discriminatedUnion("kind", [
    z.strictObject({
      ...base,
      kind: z.literal("configuration"),
      placement: z.string(),
      observer: observerSpec.optional(),
      weights: z.string().optional(),
      slow: z.array(slowLayer).optional(),
    }),
    z.strictObject({
      ...base,
      kind: z.literal("assignment"),
      forms: z.record(z.string(), nodeForm),
      int8Tensors: z.array(z.string()),
      observers: z.record(z.string(), observerSpec),
    }),
    z.strictObject({
      ...base,
      kind: z.literal("mapping"),
      name: z.string(),
      default: ruleForm,
      rules: z.array(
        z.tuple([
          z.union([z.string(), z.strictObject({ op: z.string() }), partSelector]),
          ruleForm,
        ]),
      ),
      onUnsupported: z.enum(["error", "float32"]).optional(),
      observer: observerSpec.optional(),
      weights: z.string().optional(),
    }),
  ]),
);
