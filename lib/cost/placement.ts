import type { ConversionTimes } from "./conversion_times.ts";
import { conversionsBetween, isInt8, type TensorForm } from "./tensor_form.ts";

/** One way to compute a kernel. */
export interface Choice {
  /** Form in which it reads its tensors. */
  readonly input: TensorForm;
  /** Form in which it gives them. */
  readonly output: TensorForm;
  readonly ms: number;
  /** Nodes that run: each takes its time whatever it does, which `ms` holds. @default {1} */
  readonly nodes?: number;
  /** What it takes of each of the problem's limits. @default {nothing} */
  readonly takes?: readonly number[];
  /** It gives the integers that it reads, so that nothing is rounded anew. @default {false} */
  readonly carries?: boolean;
}

/** Something besides time of which there is only so much, such as what may be lost of accuracy. */
export interface Limit {
  readonly most: number;
  /** What a tensor takes of it when it is rounded to uint8. */
  readonly rounding: (tensor: string) => number;
}

/** Something to choose for. */
export interface Placed<C extends Choice = Choice> {
  /** Float32 tensors that it reads and gives; what else it reads has but one form. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly choices: readonly C[];
}

/** What is to be chosen, and what changes of form between the choices cost. */
export interface PlacementProblem<C extends Choice = Choice> {
  readonly kernels: readonly Placed<C>[];
  /** Tensors that leave the network, as float32. */
  readonly results: readonly string[];
  /** Elements of a tensor. */
  readonly elements: (tensor: string) => number;
  readonly prices: ConversionTimes;
  /** Milliseconds that a node takes whatever it does, in this binary of the runtime. @default {0} */
  readonly nodeMs?: number;
  /** @default {none} */
  readonly limits?: readonly Limit[];
}

/** What the nodes of a choice take whatever they do. */
export function nodesMs({ nodeMs = 0 }: Pick<PlacementProblem, "nodeMs">, { nodes = 1 }: Choice) {
  return nodes * nodeMs;
}

/** What a change of form costs a tensor. */
export function changeMs(
  { elements, prices }: Pick<PlacementProblem, "elements" | "prices">,
  tensor: string,
  from: TensorForm,
  to: TensorForm,
): number {
  return conversionsBetween(from, to).reduce(
    (sum, conversion) => sum + prices(conversion, elements(tensor)),
    0,
  );
}

/**
 * What a placement takes: each kernel as chosen, and each tensor brought once into each form in which
 * someone reads it.
 *
 * @param chosen The choice for each kernel.
 */
export function placementMs(problem: PlacementProblem, chosen: readonly Choice[]): number {
  return chosen.reduce((sum, { ms }) => sum + ms, 0) + changesMs(problem, chosen);
}

/** What the changes of form of a placement take. */
export function changesMs(problem: PlacementProblem, chosen: readonly Choice[]): number {
  const { kernels, results } = problem;
  const given = new Map(
    kernels.flatMap(({ outputs }, i) => outputs.map((name) => [name, chosen[i]!.output])),
  );
  const wanted = new Map<string, Set<TensorForm>>();
  const want = (name: string, form: TensorForm) => {
    wanted.set(name, (wanted.get(name) ?? new Set()).add(form));
  };
  kernels.forEach(({ inputs }, i) => inputs.forEach((name) => want(name, chosen[i]!.input)));
  for (const name of results) want(name, "float");
  let sum = 0;
  for (const [name, forms] of wanted) {
    for (const form of forms) sum += changeMs(problem, name, given.get(name) ?? "float", form);
  }
  return sum;
}

/** The tensors that a placement rounds to uint8: where they are made, or where they are first read. */
export function roundedTensors(
  { kernels }: Pick<PlacementProblem, "kernels">,
  chosen: readonly Choice[],
): Set<string> {
  const carried = new Set(
    kernels.flatMap(({ outputs }, i) => chosen[i]!.carries ? outputs : []),
  );
  const rounded = kernels.flatMap(({ inputs, outputs }, i) => [
    ...isInt8(chosen[i]!.input) ? inputs : [],
    ...isInt8(chosen[i]!.output) ? outputs : [],
  ]);
  return new Set(rounded.filter((name) => !carried.has(name)));
}

/** What a placement takes of each of the problem's limits. */
export function placementTakes(problem: PlacementProblem, chosen: readonly Choice[]): number[] {
  const rounded = [...roundedTensors(problem, chosen)];
  return (problem.limits ?? []).map(({ rounding }, l) =>
    chosen.reduce((sum, { takes }) => sum + (takes?.[l] ?? 0), 0) +
    rounded.reduce((sum, tensor) => sum + rounding(tensor), 0)
  );
}
