import { isObserverName, type ObserverParameters, takes } from "../calibrate/observer_table.ts";
import { checkValue } from "../config/schema_mistakes.ts";
import { nearest, UserError } from "../errors.ts";
import { producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { CORRECTIONS } from "../quantize/quantize_with.ts";
import type { ObserverSpec, Recipe } from "../record/recipe.ts";
import { recipe as recipeRecord } from "../record/recipe_schema.ts";

/**
 * Makes sure that something is a recipe at all, as one that was written by hand may not be.
 *
 * @throws {UserError} That names what does not fit.
 */
export function requireRecipe(recipe: Recipe): void {
  checkValue(recipe, recipeRecord, "the recipe that the strategy asked for");
}

/**
 * Refuses what a recipe says that would make no difference, or cannot be.
 *
 * @param base The network in the recipe's exact form.
 * @param samples Calibration samples that there are.
 * @throws {UserError} Naming it, and the nearest right name.
 */
export function requireSense(recipe: Recipe, base: Model, samples: number): void {
  const { samples: asked, corrections = [] } = recipe;
  if (asked !== undefined && !(asked >= 1 && asked <= samples)) {
    throw new UserError(
      `Cannot calibrate on ${asked} samples: the calibration split holds ${samples}; give 1 or more`,
    );
  }
  for (const [i, name] of corrections.entries()) {
    requireName(name, CORRECTIONS, "correction");
    if (corrections.indexOf(name) === i) continue;
    throw new UserError(`Cannot correct twice: "corrections" names ${name} more than once`);
  }
  const convs = base.graph.node.filter(({ opType }) => opType === "Conv").map(({ name }) => name);
  for (const name of Object.keys(recipe.convs ?? {})) requireName(name, convs, "Conv");
  if (recipe.kind !== "assignment") {
    if (recipe.observer) requireParameters(recipe.observer);
    return;
  }
  const { graph } = base;
  const tensors = [...producers(graph).keys(), ...graph.input.map(({ name }) => name)];
  const names = [...recipe.int8Tensors, ...Object.keys(recipe.observers)];
  for (const name of names) requireName(name, tensors, "tensor");
  for (const spec of Object.values(recipe.observers)) requireParameters(spec);
}

function requireName(name: string, known: readonly string[], what: string): void {
  if (known.includes(name)) return;
  const [near] = nearest(name, known);
  throw new UserError(
    `Cannot use the recipe: there is no ${what} "${name}"` +
      (near
        ? `; did you mean "${near}"?`
        : known.length < 10
        ? `; known are ${known.join(", ")}`
        : ""),
  );
}

/** Refuses a parameter that the observer does not look at. */
function requireParameters({ name, ...parameters }: ObserverSpec): void {
  if (!isObserverName(name)) return; // said when it is made
  for (const [parameter, value] of Object.entries(parameters)) {
    if (value === undefined || takes(name, parameter as keyof ObserverParameters)) continue;
    throw new UserError(
      `Cannot use "${parameter}": ${value} with the observer "${name}", which knows no ${parameter}`,
    );
  }
}
