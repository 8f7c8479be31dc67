import { z } from "zod";
import { histogram } from "../../calibrate/l2_histogram.ts";
import { lpNorm, mse } from "../../calibrate/least_error.ts";
import { minMax, type Observer, percentile } from "../../calibrate/observers.ts";
import { type QConfigMapping, qconfigMapping } from "../../quantize/mapping.ts";
import {
  dynamicInt8,
  float32,
  type QConfig,
  staticInt8,
  weightOnly,
} from "../../quantize/qconfig.ts";
import { correctionName } from "../../config/mapping_config.ts";

/** What a node can become. What is not named stays float32. */
const NODE_FORMS: Readonly<Record<NodeForm, QConfig>> = {
  "static": staticInt8({ kernels: "any" }),
  "dynamic": dynamicInt8(),
  "int8 weights": weightOnly(),
  "int4 weights": weightOnly({ bits: 4 }),
  "float16 weights": weightOnly({ bits: 16 }),
};

const nodeForm = z.enum(["static", "dynamic", "int8 weights", "int4 weights", "float16 weights"]);

/** How a node that is not plain float32 is computed or stored. */
export type NodeForm = z.infer<typeof nodeForm>;

/** Observers that a search chooses from, by name; the first is what tensors take by default. */
export const SEARCH_OBSERVERS: ReadonlyMap<string, Observer> = new Map(
  [lpNorm(), minMax(), percentile(99.99), percentile(99.9), mse(), histogram()]
    .map((observer) => [observer.name, observer]),
);

/** Name of the observer of tensors of which nothing else is said. */
export const DEFAULT_OBSERVER: string = [...SEARCH_OBSERVERS.keys()][0]!;

/** Which of the exact float32 forms of a network is meant. */
export const exactForm = z.strictObject({
  /** Whether Conv3d and pools of frames are written as operators on single frames. */
  frames: z.boolean(),
  /** The Convs that are matrix products, by name; `estimated`: those that the passes would choose. */
  products: z.union([
    z.literal("estimated"),
    z.array(z.strictObject({ node: z.string(), form: z.enum(["im2col", "perPosition", "dense"]) })),
  ]),
});
export type ExactForm = z.infer<typeof exactForm>;

/**
 * Everything that makes a quantized model out of a network and its calibration: plain JSON, which
 * gives the same bytes wherever it is carried out.
 */
export const assignment = z.strictObject({
  base: exactForm,
  /** The form of each node by name; others stay float32. */
  forms: z.record(z.string(), nodeForm),
  /** Tensors that are quantized where they come from. */
  int8Tensors: z.array(z.string()),
  /** Observers of single tensors, by name. */
  observers: z.record(z.string(), z.string()),
  /** What is corrected before conversion. @default nothing */
  corrections: z.array(correctionName).optional(),
});
export type Assignment = z.infer<typeof assignment>;

/** The qconfig mapping that an assignment asks for. */
export function mappingOfAssignment(
  { forms, int8Tensors, observers }: Pick<Assignment, "forms" | "int8Tensors" | "observers">,
): QConfigMapping {
  return qconfigMapping({
    default: float32,
    rules: Object.entries(forms).map(([node, form]) => [node, qconfigOf(form)]),
    int8Tensors,
    observers: new Map(
      Object.entries(observers).map(([tensor, name]) => [tensor, observerOf(name)]),
    ),
    onUnsupported: "float32",
  });
}

/** The qconfig of a form. */
export function qconfigOf(form: NodeForm): QConfig {
  const qconfig = NODE_FORMS[form];
  return qconfig.kind === "static"
    ? staticInt8({ kernels: "any", activation: observerOf(DEFAULT_OBSERVER) })
    : qconfig;
}

/** An observer by name. */
export function observerOf(name: string): Observer {
  const observer = SEARCH_OBSERVERS.get(name);
  if (observer) return observer;
  throw new RangeError(`No observer is called "${name}"`);
}
