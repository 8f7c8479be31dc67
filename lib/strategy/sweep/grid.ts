import { DEFAULT_OBSERVER, observerSpec, takes } from "../../calibrate/observer_table.ts";
import { type Product, productsOf, type SweepConfig } from "../../config/sweep_config.ts";
import { rulesOf } from "../../config/mapping_config.ts";
import type { GraphProto } from "../../onnx/onnx_pb.ts";
import { decide, nodeIdentities } from "../../quantize/decide.ts";
import type { Decision } from "../../quantize/decision.ts";
import { mappingOfRecipe } from "../../quantize/from_recipe.ts";
import { slowUnder } from "../../quantize/slow_layers.ts";
import { suits } from "../../quantize/placements.ts";
import { type Correction, CORRECTIONS } from "../../quantize/quantize_with.ts";
import { toWeights, type WeightsName } from "../../quantize/weight_observers.ts";
import { canonicalJson, type Json, type Plain } from "../../record/json.ts";
import type { ConvForms } from "../../quantize/write_forms.ts";
import type { ObserverSpec, Recipe, SlowLayer, WinogradForm } from "../../record/recipe.ts";
import { observerName, recipeName } from "../../record/recipe_name.ts";

/** The configurations to measure, and those that turned out to be one of them. */
export interface Grid {
  /** float32 first, then in the order of the config. */
  readonly recipes: readonly Recipe[];
  readonly collapsed: readonly Collapsed[];
}

/** A point of the grid that gives the same model as an earlier one, and so is not measured again. */
export interface Collapsed {
  readonly name: string;
  readonly sameAs: string;
}

/** Layers that int8 slows, by exact form of the network. */
export type SlowLayers = Readonly<Partial<Record<NamedForm, readonly SlowLayer[]>>>;

/** What was measured of a network before its sweep. */
export interface MeasuredForms {
  /** What no placement but `all` makes int8. @default {nothing} */
  readonly slow?: SlowLayers;
  /** What Convs of the lowered form are fastest written as in float32. @default {Convs} */
  readonly convs?: ConvForms;
}

/** The exact forms that a config can name. */
export type NamedForm = Product["rewrites"][number];

/**
 * Spreads a config over one network. Points of the product that come to the same thing there are
 * taken together: a percentile where nothing is static, `mixed` in a network without a Conv.
 *
 * @param graphs The network as it will be quantized, in each of its exact forms.
 * @param measured What is left float32 in spite of a placement, and how. @default {nothing was measured}
 * @throws {UserError} If a rule of one's own mapping matches no node.
 */
export function expandGrid(
  config: SweepConfig,
  graphs: Readonly<Record<NamedForm, GraphProto>>,
  measured: MeasuredForms = {},
): Grid {
  const { slow = {}, convs = {} } = measured;
  const seen = new Map<string, string>();
  const recipes: Recipe[] = [];
  const collapsed: Collapsed[] = [];
  for (const point of points(config, graphs.fused)) {
    const { rewrite, placement } = point;
    const graph = graphs[rewrite];
    const { recipe, forms } = makeRecipe(point, config, graph, {
      slow: slow[rewrite] ?? [],
      convs: rewrite === "lowered" ? convs : {},
    });
    const content = canonicalJson({
      // A network that lowering leaves as it is has the same graph in both forms.
      base: graph === graphs.fused ? "fused" : rewrite,
      samples: recipe.samples ?? null,
      corrections: recipe.corrections ?? [],
      convs: recipe.convs ?? {},
      forms,
    });
    const sameAs = seen.get(content);
    if (sameAs === undefined) {
      seen.set(content, recipeName(recipe));
      recipes.push(recipe);
    } else if (placement !== "float32" || rewrite !== "fused") {
      // The name in full, since what a point's own name leaves out is just what made no difference.
      collapsed.push({ name: recipeName(fullRecipe(point, config)), sameAs });
    }
  }
  return { recipes, collapsed };
}

interface Point {
  readonly rewrite: NamedForm;
  readonly placement: string;
  readonly weights: WeightsName;
  readonly observer: ObserverSpec;
  readonly corrections: readonly Correction[];
  /** Calibration samples. */
  readonly size: number | "all";
}

/** The points of all products, each once, float32 first. */
function points(config: SweepConfig, { node }: GraphProto): Point[] {
  const points: Point[] = [{
    rewrite: "fused",
    placement: "float32",
    weights: "per-channel",
    observer: observerSpec(DEFAULT_OBSERVER),
    corrections: [],
    size: "all",
  }];
  for (const product of productsOf(config, (name) => suits(name, node))) {
    points.push(...pointsOf(product));
  }
  const keyOf = (point: Plain<Point>) => canonicalJson(point);
  return [...new Map(points.map((point) => [keyOf(point), point])).values()];
}

function pointsOf(product: Product): Point[] {
  let points: Partial<Point>[] = [{}];
  const by = <K extends keyof Point>(key: K, values: readonly Point[K][]) => {
    points = points.flatMap((point) => values.map((value) => ({ ...point, [key]: value })));
  };
  by("rewrite", product.rewrites);
  by("placement", product.placements);
  by("weights", product.weights);
  by("observer", observersOf(product));
  by("corrections", product.corrections.map(toCorrections));
  by("size", product.calibrationSizes);
  return points as Point[]; // each key has been given
}

/** In the order in which they are made, each once. */
function toCorrections(names: Product["corrections"][number]): readonly Correction[] {
  return CORRECTIONS.filter((name) => [names].flat().includes(name));
}

/** The observers of a product with each of the parameters that make a difference to them. */
function observersOf({ observers, percentiles, powers, bins }: Product): ObserverSpec[] {
  return observers.flatMap((name) => {
    const given = <T>(parameter: "percentile" | "power" | "bins", values: readonly T[]) =>
      takes(name, parameter) ? values : [undefined];
    return given("percentile", percentiles).flatMap((percentile) =>
      given("power", powers).flatMap((power) =>
        given("bins", bins).map((bins) => observerSpec(name, { percentile, power, bins }))
      )
    );
  });
}

/** Recipes of a grid: a built-in placement, or rules of one's own. */
type GridRecipe = Exclude<Recipe, { kind: "assignment" }>;

/** A point as a recipe, with all that it says. */
function fullRecipe(point: Point, { mappings }: SweepConfig): GridRecipe {
  const { rewrite, placement, weights, observer, corrections, size } = point;
  const own = mappings[placement];
  return {
    base: rewrite,
    ...(own ? { kind: "mapping", name: placement, ...rulesOf(own) } : {
      kind: "configuration",
      placement,
    }),
    observer,
    weights,
    ...(corrections.length > 0 && { corrections: [...corrections] }),
    ...(size !== "all" && { samples: size }),
  };
}

/** A point as a recipe that says only what makes a difference, and the form that each node takes. */
function makeRecipe(
  point: Point,
  config: SweepConfig,
  graph: GraphProto,
  { slow, convs }: { readonly slow: readonly SlowLayer[]; readonly convs: ConvForms },
): { recipe: GridRecipe; forms: readonly Json[] } {
  const { observer, weights, samples, corrections, ...full } = fullRecipe(point, config);
  const identities = nodeIdentities(graph);
  const mappingOf = (recipe: Omit<GridRecipe, "observer" | "weights">) =>
    mappingOfRecipe({ ...recipe, observer, weights } as Recipe, identities);
  const spared = full.kind === "configuration" && full.placement !== "all"
    ? slowUnder(graph, mappingOf(full as GridRecipe), slow)
    : [];
  const rest = spared.length > 0 ? { ...full, slow: spared } : full;
  const decisions = decide(graph, mappingOf(rest as GridRecipe)).all;
  const applied = decisions.map(({ applied }) => applied);
  const isStatic = applied.some(({ kind }) => kind === "static");
  const observes = applied.some((form) =>
    form.kind === "static" && form.activation.name === observerName(observer!)
  );
  const { name: weightsName } = toWeights(point.weights);
  const weighs = applied.some((form) =>
    form.kind !== "float32" && form.weight.name === weightsName
  );
  const stay = decisions.filter(({ applied: { kind } }) => /^(float32|weightOnly)$/.test(kind));
  const written = stay.flatMap(({ identity: { name } }): [string, WinogradForm][] =>
    convs[name] ? [[name, convs[name]]] : []
  );
  const recipe = {
    ...rest,
    ...(written.length > 0 && { convs: Object.fromEntries(written) }),
    ...(observes && { observer }),
    ...(weighs && { weights }),
    // Ranges and corrections serve static int8 alone.
    ...(isStatic && samples !== undefined && { samples }),
    ...(isStatic && corrections && { corrections }),
  } as GridRecipe;
  return { recipe, forms: decisions.map(formOf) };
}

/** What becomes of a node, with whatever of its qconfig has an effect on that. */
function formOf({ applied }: Decision): Json {
  switch (applied.kind) {
    case "float32":
      return { kind: "float32" };
    case "static": {
      const { kind, activation, weight, dtype, scheme, reduceRange } = applied;
      return { kind, observer: activation.name, weights: weight.name, dtype, scheme, reduceRange };
    }
    case "weightOnly": {
      const { kind, bits, blockSize, weight } = applied;
      return { kind, bits, blockSize, weights: weight.name };
    }
    case "dynamic":
      return { kind: "dynamic", weights: applied.weight.name };
  }
}
