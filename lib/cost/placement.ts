import type { ConversionTimes } from "./conversion_times.ts";
import { conversionsBetween, isInt8, TENSOR_FORMS, type TensorForm } from "./tensor_form.ts";

/** One way to compute an kernel. */
export interface Choice {
  /** Form in which it reads its tensors. */
  readonly input: TensorForm;
  /** Form in which it gives them. */
  readonly output: TensorForm;
  readonly ms: number;
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
  /** @default {none} */
  readonly limits?: readonly Limit[];
}

/** What a change of form costs a tensor. */
function changeMs(
  { elements, prices }: Pick<PlacementProblem, "elements" | "prices">,
  tensor: string,
  from: TensorForm,
  to: TensorForm,
): number {
  return conversionsBetween(from, to).reduce(
    (sum, step) => sum + prices(step, elements(tensor)),
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

/**
 * The problem as an integer program, in the text form of CPLEX. `x` is 1 for what is chosen, `s` is 1
 * where a tensor is brought from one form into another: only from the form it is given in, and
 * wherever one of its readers wants another, and `q` is 1 where a tensor is rounded to uint8, which
 * counts once however many read it.
 */
export function placementProgram(problem: PlacementProblem): string {
  const { kernels, results } = problem;
  const x = (kernel: number, choice: number) => `x${kernel}_${choice}`;
  const objective: string[] = [];
  const constraints: string[] = [];
  const binaries: string[] = [];
  const maker = new Map(kernels.flatMap(({ outputs }, i) => outputs.map((name) => [name, i])));
  const readers = new Map<string, number[]>(results.map((name) => [name, []]));
  kernels.forEach(({ choices, inputs }, i) => {
    constraints.push(`${choices.map((_, c) => x(i, c)).join(" + ")} = 1`);
    choices.forEach(({ ms }, c) => {
      objective.push(term(ms, x(i, c)));
      binaries.push(x(i, c));
    });
    for (const name of new Set(inputs)) readers.set(name, [...readers.get(name) ?? [], i]);
  });
  const leaves = new Set(results);
  [...readers].forEach(([name, reading], t) => {
    const made = maker.get(name);
    /** Variables that say a tensor is given in a form; what nobody here makes comes as float32. */
    const givenAs = (form: TensorForm) =>
      made === undefined
        ? []
        : kernels[made]!.choices.flatMap(({ output }, c) => output === form ? [x(made, c)] : []);
    const comesAs = (form: TensorForm) => made === undefined && form === "float" ? 1 : 0;
    const conversions = new Set<string>();
    const require = (form: TensorForm, wants: readonly string[], always: number) => {
      const from = TENSOR_FORMS.filter((other) =>
        other !== form && (givenAs(other).length > 0 || comesAs(other) > 0)
      );
      const bring = from.map((other) => {
        const step = `s${t}_${TENSOR_FORMS.indexOf(other)}_${TENSOR_FORMS.indexOf(form)}`;
        if (!conversions.has(step)) {
          conversions.add(step);
          objective.push(term(changeMs(problem, name, other, form), step));
          const given = givenAs(other).map((variable) => ` - ${variable}`).join("");
          constraints.push(`${step}${given} <= ${comesAs(other)}`);
        }
        return step;
      });
      const there = [...givenAs(form), ...bring].map((variable) => ` - ${variable}`).join("");
      constraints.push(`${wants.join(" + ")}${there} <= ${comesAs(form) - always}`);
    };
    for (const i of reading) {
      for (const form of TENSOR_FORMS) {
        const wants = kernels[i]!.choices.flatMap(({ input }, c) =>
          input === form ? [x(i, c)] : []
        );
        if (wants.length > 0) require(form, wants, 0);
      }
    }
    if (leaves.has(name)) require("float", [], 1);
  });
  constraints.push(...limitConstraints(problem, x, maker));
  return [
    "Minimize",
    ` cost: ${objective.join("\n  + ")}`,
    "Subject To",
    ...constraints.map((constraint, i) => ` c${i}: ${constraint.replaceAll(" + ", "\n  + ")}`),
    "Binary",
    ...binaries.map((name) => ` ${name}`),
    "End",
  ].join("\n");
}

function limitConstraints(
  { kernels, limits = [] }: PlacementProblem,
  x: (kernel: number, choice: number) => string,
  maker: ReadonlyMap<string, number>,
): string[] {
  if (limits.length === 0) return [];
  const tensors = [...new Set(kernels.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))]
    .filter((name) => limits.some(({ rounding }) => rounding(name) > 0));
  const q = new Map(tensors.map((name, t) => [name, `q${t}`]));
  const constraints: string[] = [];
  kernels.forEach(({ inputs, outputs, choices }, i) => {
    const of = (is: (choice: Choice) => boolean) =>
      choices.flatMap((choice, c) => is(choice) ? [x(i, c)] : []);
    const reading = of(({ input }) => isInt8(input));
    const giving = of(({ output, carries }) => isInt8(output) && !carries);
    const need = (name: string, variables: readonly string[]) => {
      const rounded = q.get(name);
      if (rounded === undefined || variables.length === 0) return;
      const made = maker.get(name);
      const carried = made === undefined
        ? []
        : kernels[made]!.choices.flatMap(({ carries }, c) => carries ? [x(made, c)] : []);
      const free = [rounded, ...carried].map((variable) => ` - ${variable}`).join("");
      constraints.push(`${variables.join(" + ")}${free} <= 0`);
    };
    for (const name of new Set(inputs)) need(name, reading);
    for (const name of new Set(outputs)) need(name, giving);
  });
  limits.forEach(({ most, rounding }, l) => {
    // The solver counts as kept what is missed by a millionth: as shares of the limit all is in reach.
    const unit = most > 0 ? most : 1;
    const terms = [
      ...kernels.flatMap(({ choices }, i) =>
        choices.flatMap(({ takes }, c) => {
          const share = (takes?.[l] ?? 0) / unit;
          return share > 0 ? [term(Math.min(share, OUT_OF_REACH), x(i, c))] : [];
        })
      ),
      ...tensors.flatMap((name) => {
        const share = rounding(name) / unit;
        return share > 0 ? [term(Math.min(share, OUT_OF_REACH), q.get(name)!)] : [];
      }),
    ];
    if (terms.length > 0) constraints.push(`${terms.join(" + ")} <= ${most > 0 ? 1 : 0}`);
  });
  return constraints;
}

/** A share of a limit that no choice can have, and that does not strain the solver's arithmetic. */
const OUT_OF_REACH = 1000;

function term(value: number, variable: string): string {
  return `${value.toFixed(9)} ${variable}`;
}
