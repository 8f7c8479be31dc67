import { lowerForWasm } from "../passes/lower_for_wasm.ts";
import type { ConvProduct, WinogradForm } from "../record/recipe.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds } from "../tensor/tensor.ts";
import {
  type AllowsForm,
  type KernelChoice,
  type NetworkProblem,
  placementProblem,
} from "./candidates.ts";
import type { KernelTimes } from "./kernel_times.ts";
import type { LoadRatios } from "../record/load_ratios.ts";
import { loadCost, loadFacts } from "../passes/load_facts.ts";
import { workingBytes } from "../passes/working_memory.ts";
import { type LoadBudget, loadBudget } from "./load_cost.ts";
import { placementMs } from "./placement.ts";
import { solvePlacement } from "./solve.ts";
import { type NetworkFacts, networkFacts } from "./network_facts.ts";

/** What a network is placed with. */
export interface PlacingContext {
  readonly kernelTimes: KernelTimes;
  readonly runtime: Runtime;
  /** Whether int8 forms are considered. */
  readonly int8: boolean;
  /** See `placementProblem()`. */
  readonly spare?: boolean;
  /** See `placementProblem()`. */
  readonly allows?: AllowsForm;
  /** Largest accepted ratios of what it takes to open it. @default {any} */
  readonly ratios?: LoadRatios;
  readonly signal?: AbortSignal;
}

/** A network with what was chosen for it. */
export interface PlacedNetwork {
  readonly network: NetworkFacts;
  readonly problem: NetworkProblem;
  readonly chosen: readonly KernelChoice[];
}

/** The network as it is, or with its Conv3d lowered to Conv, whichever is to be faster. */
export async function fastestBase(
  given: NetworkFacts,
  feeds: Feeds,
  context: PlacingContext,
): Promise<PlacedNetwork> {
  const { kernelTimes, int8, spare, allows, ratios, runtime, signal } = context;
  const budget = ratios && budgetOf(given, ratios);
  const solve = async (network: NetworkFacts): Promise<PlacedNetwork> => {
    const problem = await placementProblem(network, kernelTimes, {
      ...{ int8, spare, allows, budget },
      check: { runtime, signal },
    });
    return { network, problem, chosen: await solvePlacement(problem) };
  };
  const asGiven = await solve(given);
  const flat = lowerForWasm(given.model, given.shapes, { convToGemm: false });
  if (flat === given.model) return asGiven;
  const lowered = await solve(await networkFacts(flat, feeds, context));
  const ms = ({ problem, chosen }: PlacedNetwork) => placementMs(problem, chosen);
  return ms(lowered) < ms(asGiven) ? lowered : asGiven;
}

/** What a network may take to open, beside the one that was given. */
export function budgetOf({ model, shapes }: NetworkFacts, ratios: LoadRatios): LoadBudget {
  const given = loadCost(loadFacts(model, shapes));
  return loadBudget(given, workingBytes(model, shapes), ratios);
}

/** A problem without the choices that round anything. */
export function exactProblem(problem: NetworkProblem): NetworkProblem {
  return {
    ...problem,
    kernels: problem.kernels.map((kernel) => ({
      ...kernel,
      choices: kernel.choices.filter(({ kind }) => kind === "float32"),
    })),
  };
}

/** What Convs are to be written as when all else is done, by name. */
export function convsOf(
  { kernels }: Pick<NetworkProblem, "kernels">,
  chosen: readonly Pick<KernelChoice, "written">[],
): Record<string, WinogradForm> {
  const convs = kernels.flatMap(({ nodes }, i): [string, WinogradForm][] => {
    const { written } = chosen[i]!;
    const conv = nodes.find(({ opType }) => opType === "Conv");
    return written && conv ? [[conv.name, written]] : [];
  });
  return Object.fromEntries(convs.sort(([a], [b]) => a < b ? -1 : 1));
}

/** Signal over the noise of what Convs are written as, where it was measured, dB by name. */
export function decibelsOfConvs(
  { kernels }: Pick<NetworkProblem, "kernels">,
  chosen: readonly Pick<KernelChoice, "written" | "dB">[],
): Record<string, number> {
  const convs = convsOf({ kernels }, chosen);
  return Object.fromEntries(kernels.flatMap(({ nodes }, i) => {
    const { dB } = chosen[i]!;
    const conv = nodes.find(({ name }) => Object.hasOwn(convs, name));
    return conv && dB !== undefined ? [[conv.name, dB]] : [];
  }));
}

/** The Convs that are to be matrix products, and the ConvTransposes that are to be Convs. */
export function rewritesOf({ problem, chosen }: PlacedNetwork): ConvProduct[] {
  return problem.kernels.flatMap(({ nodes }, i) => {
    const { rewrite } = chosen[i]!;
    const conv = nodes.find(({ opType }) => opType === "Conv" || opType === "ConvTranspose");
    return rewrite && conv ? [{ node: conv.name, form: rewrite }] : [];
  });
}
