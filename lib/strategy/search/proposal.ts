import {
  type Limit,
  placementMs,
  type PlacementProblem,
  placementTakes,
  roundedTensors,
} from "../../cost/placement.ts";
import { convsOf } from "../../cost/fastest_form.ts";
import { solvePlacement } from "../../cost/solve.ts";
import { isInt8 } from "../../cost/tensor_form.ts";
import { graphFacts } from "../../quantize/graph_facts.ts";
import { storableWeights } from "../../quantize/weight_only.ts";
import type { Assignment, NodeForm, ObserverSpec } from "../../record/recipe.ts";
import { SEARCH_FORMS, SEARCH_OBSERVERS, USUAL_OBSERVER } from "./search_forms.ts";
import type { SearchChoice, SearchSpace } from "./space.ts";

/** A whole model as the space predicts it. */
export interface Proposal {
  readonly space: SearchSpace;
  /** For each kernel. */
  readonly chosen: readonly SearchChoice[];
  /** Of kernels and conversions. */
  readonly ms: number;
  /** Bytes of weights. */
  readonly bytes: number;
  /** Noise at each output, as a sum of what was measured one by one. */
  readonly noise: readonly number[];
}

/**
 * The best whole whose noise stays below a power at each output, as far as the sums of measured parts
 * predict it; undefined if even float32 does not.
 *
 * @param most Noise power as a share of the signal's. Infinity for no limit.
 */
export async function propose(space: SearchSpace, most: number): Promise<Proposal | undefined> {
  const problem: PlacementProblem<SearchChoice> = {
    ...space.problem,
    limits: limitsOf(space, most),
  };
  try {
    return proposalOf(space, await solvePlacement(problem));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The limits on what it takes to open it, and those that hold the noise at each output below a power. */
function limitsOf(space: SearchSpace, most: number): Limit[] {
  const { problem: { limits = [] } } = space.base;
  return most < Infinity ? [...limits, ...noiseLimits(space, most)] : [...limits];
}

function noiseLimits({ sensitivities, rounding }: SearchSpace, most: number): Limit[] {
  return sensitivities.outputs.map((_, output) => ({
    most,
    rounding: (tensor) => rounding.get(tensor)?.noise[output] ?? 0,
  }));
}

/** A proposal with everything that is predicted of it. */
export function proposalOf(space: SearchSpace, chosen: readonly SearchChoice[]): Proposal {
  const { prices, limits = [] } = space.base.problem;
  const timed = { ...space.problem, prices };
  return {
    space,
    chosen,
    ms: placementMs(timed, chosen.map((choice) => ({ ...choice, ms: choice.kernelMs }))),
    bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0),
    noise: placementTakes({ ...space.problem, limits: limitsOf(space, 1) }, chosen)
      .slice(limits.length),
  };
}

/** What a proposal comes to, to be least: time and size by their worth. */
export function costOf({ space: { worth }, ms, bytes }: Proposal): number {
  return worth.ms * ms + worth.byte * bytes;
}

/** The recipe of the proposed model. */
export function recipeOf(proposal: Proposal): Assignment {
  const { space: { base, problem, rounding }, chosen } = proposal;
  const int8Tensors = problem.kernels.flatMap(({ inputs }, i) => {
    const { form, timed } = chosen[i]!;
    return form === "static" && isInt8(timed.input) ? inputs : [];
  });
  const observers = [...roundedTensors(problem, chosen)]
    .flatMap((tensor): [string, ObserverSpec][] => {
      const { observer = USUAL_OBSERVER } = rounding.get(tensor) ?? {};
      return observer === USUAL_OBSERVER ? [] : [[tensor, SEARCH_OBSERVERS.get(observer)!]];
    });
  const convs = convsOf(base.problem, chosen.map(({ timed }) => timed));
  return {
    kind: "assignment",
    base: base.form,
    forms: sorted(formsOf(proposal)),
    int8Tensors: [...new Set(int8Tensors)].sort(),
    observers: sorted(observers),
    ...(Object.keys(convs).length > 0 && { convs }),
    operators: "fast",
  };
}

/** The form of each node that is not to stay float32. */
function formsOf({ space: { base }, chosen }: Proposal): [string, NodeForm][] {
  const facts = graphFacts(base.network.model.graph);
  return base.problem.kernels.flatMap(({ nodes }, i): [string, NodeForm][] => {
    const { form, timed } = chosen[i]!;
    if (form === "float32" || form === "integer products") return [];
    const names = form === "static" || form === "dynamic"
      ? [...timed.asked.keys()]
      : nodes.filter((node) => storableWeights(node, facts).length > 0).map(({ name }) => name);
    return names.map((name) => [name, SEARCH_FORMS[form]]);
  });
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => a < b ? -1 : 1));
}
