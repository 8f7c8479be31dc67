import { DEFAULT_OBSERVER, isObserverName, toObserver } from "../calibrate/observer_table.ts";
import type { Observer } from "../calibrate/observers.ts";
import { UserError } from "../errors.ts";
import type { NodeForm, ObserverSpec, Recipe } from "../record/recipe.ts";
import { type NodeIdentity, type QConfigMapping, qconfigMapping } from "./mapping.ts";
import { placementOf, type QConfigDefaults } from "./placements.ts";
import { defaultQConfig } from "./presets.ts";
import {
  dynamicInt8,
  float32,
  type QConfig,
  staticInt8,
  type WeightObserver,
  weightOnly,
} from "./qconfig.ts";
import { withoutSlow } from "./slow_layers.ts";
import { isWeightsName, toWeights, WEIGHTS_NAMES } from "./weight_observers.ts";

/**
 * The qconfig mapping that a recipe asks for on a network.
 *
 * @param nodes All nodes of the network in the recipe's exact form: a placement looks at what there is.
 * @throws {UserError} If the recipe names a placement, observer or preset that there is none of.
 * @example
 * ```ts
 * import { mappingOfRecipe } from "./from_recipe.ts";
 * import assert from "node:assert/strict";
 * const { default: byDefault, rules } = mappingOfRecipe({
 *   kind: "assignment",
 *   base: "fused",
 *   forms: { conv1: { kind: "static", kernels: "any" } },
 *   int8Tensors: [],
 *   observers: {},
 * }, []);
 * assert.equal(byDefault.kind, "float32");
 * assert.equal(rules[0]![1].kind, "static");
 * ```
 */
export function mappingOfRecipe(recipe: Recipe, nodes: readonly NodeIdentity[]): QConfigMapping {
  switch (recipe.kind) {
    case "configuration":
      return withoutSlow(
        placementOf(recipe.placement)(nodes, defaultsOf(recipe)),
        recipe.slow ?? [],
        weightOnly({ weight: defaultsOf(recipe).weights }),
      );
    case "mapping":
      return qconfigMapping({
        default: qconfigOf(recipe.default, defaultsOf(recipe)),
        rules: recipe.rules.map(([selector, form]) => [
          selector,
          qconfigOf(form, defaultsOf(recipe)),
        ]),
        onUnsupported: recipe.onUnsupported,
      });
    case "assignment": {
      const defaults = defaultsOf({});
      const observers = Object.entries(recipe.observers);
      return qconfigMapping({
        default: float32,
        rules: Object.entries(recipe.forms).map((
          [node, form],
        ) => [node, qconfigOf(form, defaults)]),
        int8Tensors: recipe.int8Tensors,
        observers: new Map(observers.map(([tensor, spec]) => [tensor, observerOf(spec)])),
        onUnsupported: "float32",
      });
    }
  }
}

/** The qconfig of a form, or of a preset by its name. */
export function qconfigOf(form: string | NodeForm, defaults: QConfigDefaults): QConfig {
  if (typeof form === "string") return defaultQConfig(form);
  switch (form.kind) {
    case "float32":
      return float32;
    case "dynamic":
      return dynamicInt8({
        weight: weightsOf(form.weights, defaults),
        ...(form.outliers && { outliers: form.outliers }),
      });
    case "weightOnly":
      return weightOnly({ weight: weightsOf(form.weights, defaults), bits: form.bits });
    case "static":
      return staticInt8({
        activation: form.observer ? observerOf(form.observer) : defaults.observer,
        weight: weightsOf(form.weights, defaults),
        kernels: form.kernels,
      });
  }
}

/** The observer that a spec describes. */
export function observerOf({ name, ...parameters }: ObserverSpec): Observer {
  if (isObserverName(name)) return toObserver(name, parameters);
  throw new UserError(`Cannot make the observer "${name}": there is none of this name`);
}

function weightsOf(name: string | undefined, { weights }: QConfigDefaults): WeightObserver {
  return name === undefined ? weights : namedWeights(name);
}

function namedWeights(name: string): WeightObserver {
  if (isWeightsName(name)) return toWeights(name);
  throw new UserError(
    `Cannot choose scales of weights by "${name}": known are ${WEIGHTS_NAMES.join(", ")}`,
  );
}

function defaultsOf(
  { observer, weights }: { observer?: ObserverSpec; weights?: string },
): QConfigDefaults {
  return {
    observer: observer ? observerOf(observer) : toObserver(DEFAULT_OBSERVER),
    weights: namedWeights(weights ?? "per-channel"),
  };
}
