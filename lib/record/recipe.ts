import { z } from "zod";

/**
 * What a trial is, as data: the same recipe on the same network and samples gives the same bytes, on
 * every machine. Text for people is made of it at the edge, see `recipe_name.ts`; no code reads one back.
 */

/** An observer by name, with what it is told beside that. */
const observerSpec = z.strictObject({
  name: z.string(),
  percentile: z.number().optional(),
  power: z.number().optional(),
  bins: z.int().optional(),
});
export type ObserverSpec = z.infer<typeof observerSpec>;

/** How a node is computed or stored. */
const nodeForm = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("float32") }),
  z.strictObject({
    kind: z.literal("static"),
    observer: observerSpec.optional(),
    weights: z.string().optional(),
    /** `fast`: only where the kernel was measured to be faster than float32's. */
    kernels: z.enum(["fast", "any"]).optional(),
  }),
  z.strictObject({ kind: z.literal("dynamic"), weights: z.string().optional() }),
  z.strictObject({
    kind: z.literal("weightOnly"),
    bits: z.literal([4, 8, 16]).optional(),
    weights: z.string().optional(),
  }),
]);
/** How a node is computed or stored: plain JSON. */
export type NodeForm = z.infer<typeof nodeForm>;

/** A Conv that is written as a matrix product. */
const convProduct = z.strictObject({
  /** Name of the Conv. */
  node: z.string(),
  form: z.enum(["im2col", "perPosition", "dense"]),
});
export type ConvProduct = z.infer<typeof convProduct>;

/**
 * The exact float32 form of the network that a trial starts from.
 *
 * - `fused`: BatchNorm folded, constants computed.
 * - `lowered`: besides, Conv3d as Conv2d and convolutions on small maps as matrix products, where that
 *   is estimated to be faster.
 * - as measured: whether Conv3d and pools of frames are written as operators on single frames, and the
 *   Convs that are matrix products.
 */
const exactForm = z.union([
  z.enum(["fused", "lowered"]),
  z.strictObject({ frames: z.boolean(), products: z.array(convProduct) }),
]);
export type ExactForm = z.infer<typeof exactForm>;

const common = {
  base: exactForm,
  /** Samples that its ranges come from, from the front of the calibration split. @default all */
  samples: z.int().optional(),
  /** What is corrected before conversion, in this order. @default nothing */
  corrections: z.array(z.string()).optional(),
};

/** A layer whose int8 kernel was measured to be slower than float32's. */
export const slowLayer = z.strictObject({
  /** Names of the nodes that one kernel computes. */
  nodes: z.array(z.string()),
  /** Milliseconds of the int8 kernel alone, and of float32's with changes of precision around it. */
  int8Ms: z.number(),
  float32Ms: z.number(),
});
/** A layer whose int8 kernel was measured to be slower than float32's. */
export type SlowLayer = z.infer<typeof slowLayer>;

/** A built-in placement (`mixed`, `compact`, ...), with one observer and one kind of weights for all. */
const configuration = z.strictObject({
  ...common,
  kind: z.literal("configuration"),
  placement: z.string(),
  /** Absent where nothing is static. */
  observer: observerSpec.optional(),
  /** Absent where they make no difference. */
  weights: z.string().optional(),
  /**
   * Layers that are float32, with weights stored small, where the placement says static int8: as
   * measured before the first trial, so that the recipe means the same on every machine. @default none
   */
  slow: z.array(slowLayer).optional(),
});

/** A form for each node by name; the others stay float32. */
const assignment = z.strictObject({
  ...common,
  kind: z.literal("assignment"),
  forms: z.record(z.string(), nodeForm),
  /** Tensors that are quantized where they come from. */
  int8Tensors: z.array(z.string()),
  /** Observers of single tensors, by name. */
  observers: z.record(z.string(), observerSpec),
});
export type Assignment = z.infer<typeof assignment>;

const ruleForm = z.union([z.string(), nodeForm]);

/** A user's own rules: a default, and what nodes by name, module path, glob or operator are to be. */
const rules = z.strictObject({
  ...common,
  kind: z.literal("mapping"),
  /** What the user calls it. */
  name: z.string(),
  /** A form, or the name of a preset. */
  default: ruleForm,
  /** Later rules win. */
  rules: z.array(z.tuple([z.union([z.string(), z.strictObject({ op: z.string() })]), ruleForm])),
  onUnsupported: z.enum(["error", "float32"]).optional(),
  /** What static forms take that name none. */
  observer: observerSpec.optional(),
  weights: z.string().optional(),
});

/** Everything that makes a trial's model out of a network and its calibration samples. */
export const recipe = z.discriminatedUnion("kind", [configuration, assignment, rules]);
/** Everything that makes a trial's model out of a network and its calibration samples: plain JSON. */
export type Recipe = z.infer<typeof recipe>;
