import type { Highs } from "highs";
import type { Choice, PlacementProblem } from "./placement.ts";
import { choiceVariable, placementProgram } from "./program.ts";

/** Options for {@linkcode solvePlacement}. */
export interface SolveOptions {
  /** Most seconds to look for a better one. @default {10} */
  seconds?: number;
}

/**
 * Chooses for each kernel so that the whole takes least: an island of float32 between int8 layers is
 * weighed with the changes of precision around it, and a chain that pays only as a whole is found.
 *
 * @returns The choice for each kernel. If time runs out, the best found.
 * @throws {RangeError} If a kernel has no choice, or nothing keeps the limits.
 * @see {@link https://highs.dev | HiGHS}, the solver
 */
export async function solvePlacement<C extends Choice>(
  problem: PlacementProblem<C>,
  options: SolveOptions = {},
): Promise<C[]> {
  const { seconds = 10 } = options;
  const worth: PlacementProblem<C> = {
    ...problem,
    kernels: problem.kernels.map((kernel) => ({ ...kernel, choices: cheapest(kernel.choices) })),
  };
  if (worth.kernels.some(({ choices }) => choices.length === 0)) {
    throw new RangeError("Cannot place: a kernel has no choice");
  }
  if (!problem.limits?.length && worth.kernels.every(({ choices }) => choices.length === 1)) {
    return worth.kernels.map(({ choices }) => choices[0]!);
  }
  const highs = await loadHighs();
  const solution = highs.solve(placementProgram(worth), {
    time_limit: seconds,
    output_flag: false,
    // Closer than anything here is measured.
    mip_rel_gap: 0.001,
  });
  if (solution.Status === "Infeasible") {
    throw new RangeError("Cannot place: no placement keeps the limits");
  }
  const columns = solution.Columns as Record<string, { readonly Primal?: number }>;
  return worth.kernels.map(({ choices }, i) => {
    const chosen = choices.findIndex((_, c) => (columns[choiceVariable(i, c)]?.Primal ?? 0) > 0.5);
    if (chosen >= 0) return choices[chosen]!;
    throw new Error(`Cannot place: the solver ended with "${solution.Status}"`);
  });
}

/** Removes dominated choices: same input and output form, no better in time or in any limit. */
function cheapest<C extends Choice>(choices: readonly C[]): C[] {
  const groups = Map.groupBy(choices, ({ input, output, carries = false }) => {
    return `${input} ${output} ${carries}`;
  });
  return [...groups.values()].flatMap((same) => {
    const kept: C[] = [];
    // Of equals the first stays.
    for (const choice of same.toSorted((a, b) => a.ms - b.ms || taken(a) - taken(b))) {
      if (!kept.some((other) => takesNoMore(other, choice))) kept.push(choice);
    }
    return kept;
  });
}

function takesNoMore(a: Choice, b: Choice): boolean {
  return a.ms <= b.ms && (a.takes ?? []).every((part, l) => part <= (b.takes?.[l] ?? 0)) &&
    (b.takes ?? []).every((part, l) => (a.takes?.[l] ?? 0) <= part);
}

function taken({ takes = [] }: Choice): number {
  return takes.reduce((sum, part) => sum + part, 0);
}

let loaded: Promise<Highs> | undefined;

/** The solver is 4 MB of WASM: it comes when it is needed. */
function loadHighs(): Promise<Highs> {
  return loaded ??= import("highs").then(({ default: load }) => {
    // The package declares its default export in a way that cannot be called.
    return (load as unknown as () => Promise<Highs>)();
  });
}
