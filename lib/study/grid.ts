import type { Observer } from "../calibrate/observers.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { decide } from "../quantize/decide.ts";
import type { Decision } from "../quantize/decision.ts";
import type { NodeIdentity, QConfigMapping, Selector } from "../quantize/mapping.ts";
import { describeQConfig, type WeightObserver } from "../quantize/qconfig.ts";
import { productsOf, type SweepConfig } from "./config.ts";
import type { Json } from "./key.ts";
import { toMapping, toObserver, toWeights } from "./mapping_config.ts";
import { PLACEMENTS } from "./placements.ts";
import type { Rewrite } from "./rewrites.ts";

/** One point of the grid: a mapping with a name. */
export interface Configuration {
  /** Short and unique, e.g. `mixed · percentile 99.99 · per-channel`. */
  readonly name: string;
  /** For colour and legend: float32, static, dynamic, mixed, or the placement's own name. */
  readonly family: string;
  /** Exact form of the network that it is made from. */
  readonly rewrite: Rewrite;
  readonly mapping: QConfigMapping;
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
  for (const [rewrite, placement, weights, observer] of points(config)) {
    const graph = graphs[rewrite];
    const point = makePoint(rewrite, placement, { observer, weights }, config, graph);
    // A network that lowering leaves as it is has the same graph in both forms.
    const form = graph === graphs.fused ? "fused" : rewrite;
    const content = [form, ...point.forms].join("\n");
    const sameAs = seen.get(content);
    // The name in full, since what a point's own name leaves out is just what made no difference.
    const name = fullName(rewrite, placement, weights, observer);
    if (sameAs === undefined) {
      seen.set(content, point.name);
      configurations.push(point);
    } else if (placement !== "float32" || rewrite !== "fused") collapsed.push({ name, sameAs });
  }
  return { configurations, collapsed };
}

type Point = readonly [
  rewrite: Rewrite,
  placement: string,
  weights: WeightObserver,
  observer: Observer,
];

function fullName(...[rewrite, placement, weights, observer]: Point): string {
  const prefix = rewrite === "fused" ? [] : [rewrite];
  return [...prefix, placement, observer.name, weights.name].join(" · ");
}

/** The points of all products, each once, float32 first. */
function points(config: SweepConfig): Point[] {
  const points: Point[] = [["fused", "float32", toWeights("per-channel"), toObserver("min-max")]];
  for (const { rewrites, placements, weights, observers, percentiles } of productsOf(config)) {
    const chosen = observers.flatMap((name) =>
      (name === "percentile" ? percentiles : [100]).map((percent) => toObserver(name, percent))
    );
    for (const rewrite of rewrites) {
      for (const placement of placements) {
        for (const weight of weights) {
          for (const observer of chosen) {
            points.push([rewrite, placement, toWeights(weight), observer]);
          }
        }
      }
    }
  }
  const byName = points.map((point): [string, Point] => [fullName(...point), point]);
  return [...new Map(byName).values()];
}

function makePoint(
  rewrite: Rewrite,
  placement: string,
  defaults: { observer: Observer; weights: WeightObserver },
  config: SweepConfig,
  graph: GraphProto,
): Configuration {
  const own = config.mappings[placement];
  const make = (nodes: readonly NodeIdentity[]) =>
    own ? toMapping(own, defaults) : PLACEMENTS[placement]!(nodes, defaults);
  const nodes = decide(graph, { default: { kind: "float32" }, rules: [] }).all;
  const mapping = make(nodes.map(({ identity }) => identity));
  const forms = decide(graph, mapping).all.map(formOf);
  // A name says only what makes a difference.
  const { observer, weights } = defaults;
  const parts = [
    rewrite === "fused" ? "" : rewrite,
    placement,
    forms.some((form) => form.startsWith(`static ${observer.name} ·`)) ? observer.name : "",
    forms.some((form) => form.endsWith(`· ${weights.name}`)) ? weights.name : "",
  ];
  return {
    name: parts.filter((part) => part !== "").join(" · "),
    family: FAMILIES[placement] ?? placement,
    rewrite,
    mapping,
    forms,
    config: {
      rewrite,
      placement,
      observer: observer.name,
      weights: weights.name,
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
