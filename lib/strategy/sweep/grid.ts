import type { Observer } from "../../calibrate/observers.ts";
import type { GraphProto } from "../../onnx/onnx_pb.ts";
import { decide } from "../../quantize/decide.ts";
import type { Decision } from "../../quantize/decision.ts";
import type { NodeIdentity, QConfigMapping, Selector } from "../../quantize/mapping.ts";
import { describeQConfig, type WeightObserver } from "../../quantize/qconfig.ts";
import { type Correction, CORRECTIONS } from "../../quantize/quantize_with.ts";
import { type Product, productsOf, type SweepConfig } from "../../config/sweep_config.ts";
import type { Json } from "../../record/json.ts";
import { toMapping, toWeights } from "../../config/mapping_config.ts";
import { DEFAULT_OBSERVER, takes, toObserver } from "../../config/observer_config.ts";
import { PLACEMENTS } from "../../quantize/placements.ts";
import type { Rewrite } from "../../passes/exact_form.ts";

/** One point of the grid: a mapping with a name. */
export interface Configuration {
  /** Short and unique, e.g. `mixed · percentile 99.99 · per-channel`. */
  readonly name: string;
  /** For colour and legend: float32, static, dynamic, mixed, or the placement's own name. */
  readonly family: string;
  /** Exact form of the network that it is made from. */
  readonly rewrite: Rewrite;
  readonly mapping: QConfigMapping;
  /** Number of samples that its ranges come from. @default {the whole calibration split} */
  readonly calibrationSamples?: number;
  /** What is corrected before conversion, as far as it makes a difference. */
  readonly corrections: readonly Correction[];
  /** The name without that number. */
  readonly series: string;
  /** The form that each node takes, in the order of the nodes: what decides the model. */
  readonly forms: readonly string[];
  /** For the record. */
  readonly config: Json;
}

/** The configurations to measure, and those that turned out to be one of them. */
export interface Grid {
  /** float32 first, then in the order of the config. */
  readonly configurations: readonly Configuration[];
  readonly collapsed: readonly Collapsed[];
}

/** A point of the grid that gives the same model as an earlier one, and so is not measured again. */
export interface Collapsed {
  readonly name: string;
  readonly sameAs: string;
}

/** How the families of built-in placements are called. */
const FAMILIES: Readonly<Record<string, string>> = {
  "float32": "float32",
  "cnn-static": "static",
  "rnn-dynamic": "dynamic",
  "mixed": "mixed",
};

/**
 * Spreads a config over one network. Points of the product that come to the same thing there are
 * taken together: a percentile where nothing is static, `mixed` in a network without a Conv.
 *
 * @param graphs The network as it will be quantized, in each of its exact forms, its opset raised.
 * @throws {UserError} If a rule of one's own mapping matches no node.
 */
export function expandGrid(
  config: SweepConfig,
  graphs: Readonly<Record<Rewrite, GraphProto>>,
): Grid {
  const seen = new Map<string, string>();
  const configurations: Configuration[] = [];
  const collapsed: Collapsed[] = [];
  for (const point of points(config)) {
    const { rewrite, placement } = point;
    const graph = graphs[rewrite];
    const configuration = makeConfiguration(point, config, graph);
    // A network that lowering leaves as it is has the same graph in both forms.
    const form = graph === graphs.fused ? "fused" : rewrite;
    const { forms, corrections, calibrationSamples = "all" } = configuration;
    const content = [form, calibrationSamples, ...corrections, ...forms].join("\n");
    const sameAs = seen.get(content);
    // The name in full, since what a point's own name leaves out is just what made no difference.
    const name = fullName(point);
    if (sameAs === undefined) {
      seen.set(content, configuration.name);
      configurations.push(configuration);
    } else if (placement !== "float32" || rewrite !== "fused") collapsed.push({ name, sameAs });
  }
  return { configurations, collapsed };
}

interface Point {
  readonly rewrite: Rewrite;
  readonly placement: string;
  readonly weights: WeightObserver;
  readonly observer: Observer;
  readonly corrections: readonly Correction[];
  /** Calibration samples. */
  readonly size: number | "all";
}

function fullName({ rewrite, placement, weights, observer, corrections, size }: Point): string {
  return nameOf([
    rewrite === "fused" || rewrite,
    placement,
    observer.name,
    weights.name,
    describeCorrections(corrections),
  ], size);
}

function describeCorrections(corrections: readonly Correction[]): string | false {
  return corrections.length > 0 && corrections.join(" + ");
}

/** A name of parts, of which those that are no text are left out. */
function nameOf(parts: readonly (string | boolean)[], size: Point["size"]): string {
  const sized = size === "all" ? [] : [`${size} sample${size === 1 ? "" : "s"}`];
  return [...parts.filter((part) => typeof part === "string"), ...sized].join(" · ");
}

/** The points of all products, each once, float32 first. */
function points(config: SweepConfig): Point[] {
  const points: Point[] = [{
    rewrite: "fused",
    placement: "float32",
    weights: toWeights("per-channel"),
    observer: toObserver(DEFAULT_OBSERVER),
    corrections: [],
    size: "all",
  }];
  for (const product of productsOf(config)) {
    const observers = observersOf(product);
    const corrections = product.corrections.map(toCorrections);
    for (const rewrite of product.rewrites) {
      for (const placement of product.placements) {
        for (const weights of product.weights.map(toWeights)) {
          for (const observer of observers) {
            for (const correction of corrections) {
              for (const size of product.calibrationSizes) {
                const point = { rewrite, placement, weights, observer, size };
                points.push({ ...point, corrections: correction });
              }
            }
          }
        }
      }
    }
  }
  return [...new Map(points.map((point) => [fullName(point), point])).values()];
}

/** In the order in which they are made, each once. */
function toCorrections(names: Product["corrections"][number]): readonly Correction[] {
  return CORRECTIONS.filter((name) => [names].flat().includes(name));
}

/** The observers of a product with each of the parameters that make a difference to them. */
function observersOf({ observers, percentiles, powers, bins }: Product): Observer[] {
  return observers.flatMap((name) => {
    const given = <T>(parameter: "percentile" | "power" | "bins", values: readonly T[]) =>
      takes(name, parameter) ? values : [undefined];
    return given("percentile", percentiles).flatMap((percentile) =>
      given("power", powers).flatMap((power) =>
        given("bins", bins).map((bins) => toObserver(name, { percentile, power, bins }))
      )
    );
  });
}

function makeConfiguration(point: Point, config: SweepConfig, graph: GraphProto): Configuration {
  const { rewrite, placement, weights, observer, size } = point;
  const defaults = { observer, weights };
  const own = config.mappings[placement];
  const make = (nodes: readonly NodeIdentity[]) =>
    own ? toMapping(own, defaults) : PLACEMENTS[placement]!(nodes, defaults);
  const nodes = decide(graph, { default: { kind: "float32" }, rules: [] }).all;
  const mapping = make(nodes.map(({ identity }) => identity));
  const forms = decide(graph, mapping).all.map(formOf);
  // A name says only what makes a difference.
  const parts = [
    rewrite === "fused" || rewrite,
    placement,
    forms.some((form) => form.startsWith(`static ${observer.name} ·`)) && observer.name,
    forms.some((form) => form.endsWith(`· ${weights.name}`)) && weights.name,
  ];
  const isStatic = forms.some((form) => form.startsWith("static "));
  const ranged = isStatic ? size : "all";
  // All of them serve static int8.
  const corrections = isStatic ? point.corrections : [];
  parts.push(describeCorrections(corrections));
  return {
    name: nameOf(parts, ranged),
    family: FAMILIES[placement] ?? placement,
    rewrite,
    mapping,
    ...(ranged !== "all" && { calibrationSamples: ranged }),
    series: nameOf(parts, "all"),
    corrections,
    forms,
    config: {
      rewrite,
      placement,
      observer: observer.name,
      weights: weights.name,
      calibrationSamples: ranged,
      corrections: [...corrections],
      default: describeQConfig(mapping.default),
      rules: mapping.rules.map(([selector, qconfig]) => [
        showSelector(selector),
        describeQConfig(qconfig),
      ]),
    },
  };
}

/** What becomes of a node, with whatever of its qconfig has an effect on that. */
function formOf({ applied }: Decision): string {
  switch (applied.kind) {
    case "float32":
      return "float32";
    case "static": {
      const { activation, weight, dtype, scheme, reduceRange } = applied;
      const integers = [dtype, scheme, reduceRange ? "reduced" : "full"].join(" ");
      return `static ${activation.name} · ${integers} · ${weight.name}`;
    }
    case "weightOnly":
      return `weightOnly ${applied.bits} · ${applied.blockSize} · ${applied.weight.name}`;
    case "dynamic":
      return `dynamic · ${applied.weight.name}`;
  }
}

function showSelector(selector: Selector): string {
  return typeof selector === "string" ? selector : `op ${selector.op}`;
}
