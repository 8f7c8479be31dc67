import { changeMs, type Choice, type PlacementProblem } from "./placement.ts";
import { isInt8, TENSOR_FORMS, type TensorForm } from "./tensor_form.ts";

/**
 * The problem as an integer program, in the text form of CPLEX. `x` is 1 for what is chosen; `s` is 1
 * where a tensor is brought from one form into another: only from the form it is given in, and
 * wherever one of its readers wants another; `q` is 1 where a tensor is rounded to uint8, which counts
 * once however many read it.
 */
export function placementProgram(problem: PlacementProblem): string {
  const program = new Program(problem);
  program.chooseOneForEachKernel();
  program.bringTensorsIntoForms();
  program.keepLimits();
  return program.text();
}

/** What column of the program says that a kernel takes a choice. */
export function choiceVariable(kernel: number, choice: number): string {
  return `x${kernel}_${choice}`;
}

/** A share of a limit that no choice can have, and that does not strain the solver's arithmetic. */
const OUT_OF_REACH = 1000;

class Program {
  readonly #problem: PlacementProblem;
  /** The kernel that makes a tensor. */
  readonly #maker: ReadonlyMap<string, number>;
  readonly #objective: string[] = [];
  readonly #constraints: string[] = [];
  readonly #binaries: string[] = [];

  constructor(problem: PlacementProblem) {
    this.#problem = problem;
    this.#maker = new Map(
      problem.kernels.flatMap(({ outputs }, i) => outputs.map((name) => [name, i])),
    );
  }

  text(): string {
    return [
      "Minimize",
      ` cost: ${this.#objective.join("\n  + ")}`,
      "Subject To",
      ...this.#constraints.map((line, i) => ` c${i}: ${line.replaceAll(" + ", "\n  + ")}`),
      "Binary",
      ...this.#binaries.map((name) => ` ${name}`),
      "End",
    ].join("\n");
  }

  chooseOneForEachKernel(): void {
    this.#problem.kernels.forEach(({ choices }, i) => {
      const variables = choices.map((_, c) => choiceVariable(i, c));
      this.#constraints.push(`${variables.join(" + ")} = 1`);
      this.#objective.push(...choices.map(({ ms }, c) => term(ms, variables[c]!)));
      this.#binaries.push(...variables);
    });
  }

  bringTensorsIntoForms(): void {
    const { kernels, results } = this.#problem;
    const readers = new Map<string, number[]>(results.map((name) => [name, []]));
    kernels.forEach(({ inputs }, i) => {
      for (const name of new Set(inputs)) readers.set(name, [...readers.get(name) ?? [], i]);
    });
    const leaves = new Set(results);
    [...readers].forEach(([name, reading], t) => {
      const known = new Set<string>();
      for (const i of reading) {
        for (const form of TENSOR_FORMS) {
          const wants = this.#choices(i, ({ input }) => input === form);
          if (wants.length > 0) this.#require(name, t, form, wants, 0, known);
        }
      }
      if (leaves.has(name)) this.#require(name, t, "float", [], 1, known);
    });
  }

  /**
   * A tensor is there in a form if it is given so, or brought into it.
   *
   * @param wants Variables of which one may be 1, if it is there.
   * @param always 1 if it has to be there whatever they are.
   * @param known Conversions of this tensor that the program has already.
   */
  #require(
    name: string,
    tensor: number,
    form: TensorForm,
    wants: readonly string[],
    always: 0 | 1,
    known: Set<string>,
  ): void {
    const from = TENSOR_FORMS.filter((other) =>
      other !== form && (this.#givenAs(name, other).length > 0 || this.#comesAs(name, other) > 0)
    );
    const brought = from.map((other) => {
      const conversion = `s${tensor}_${TENSOR_FORMS.indexOf(other)}_${TENSOR_FORMS.indexOf(form)}`;
      if (!known.has(conversion)) {
        known.add(conversion);
        this.#objective.push(term(changeMs(this.#problem, name, other, form), conversion));
        const given = minus(this.#givenAs(name, other));
        this.#constraints.push(`${conversion}${given} <= ${this.#comesAs(name, other)}`);
      }
      return conversion;
    });
    const there = minus([...this.#givenAs(name, form), ...brought]);
    this.#constraints.push(`${wants.join(" + ")}${there} <= ${this.#comesAs(name, form) - always}`);
  }

  /** Variables that say a tensor is given in a form. */
  #givenAs(name: string, form: TensorForm): string[] {
    const made = this.#maker.get(name);
    return made === undefined ? [] : this.#choices(made, ({ output }) => output === form);
  }

  /** What no kernel makes comes as float32. */
  #comesAs(name: string, form: TensorForm): 0 | 1 {
    return !this.#maker.has(name) && form === "float" ? 1 : 0;
  }

  /** Variables of those choices of a kernel. */
  #choices(kernel: number, is: (choice: Choice) => boolean): string[] {
    return this.#problem.kernels[kernel]!.choices.flatMap((choice, c) =>
      is(choice) ? [choiceVariable(kernel, c)] : []
    );
  }

  keepLimits(): void {
    const { kernels, limits = [] } = this.#problem;
    if (limits.length === 0) return;
    const tensors = [...new Set(kernels.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))]
      .filter((name) => limits.some(({ rounding }) => rounding(name) > 0));
    const rounded = new Map(tensors.map((name, t) => [name, `q${t}`]));
    this.#roundWhatIsInt8(rounded);
    limits.forEach(({ most, rounding }, l) => {
      // The solver counts as kept what is missed by a millionth: as shares of the limit all is in reach.
      const unit = most > 0 ? most : 1;
      const share = (value: number, variable: string) =>
        value > 0 ? [term(Math.min(value / unit, OUT_OF_REACH), variable)] : [];
      const terms = [
        ...kernels.flatMap(({ choices }, i) =>
          choices.flatMap(({ takes }, c) => share(takes?.[l] ?? 0, choiceVariable(i, c)))
        ),
        ...tensors.flatMap((name) => share(rounding(name), rounded.get(name)!)),
      ];
      if (terms.length > 0) {
        this.#constraints.push(`${terms.join(" + ")} <= ${most > 0 ? 1 : 0}`);
      }
    });
  }

  /** A tensor that is read or given as uint8 is rounded, unless it carries integers that were there. */
  #roundWhatIsInt8(rounded: ReadonlyMap<string, string>): void {
    this.#problem.kernels.forEach(({ inputs, outputs }, i) => {
      const reading = this.#choices(i, ({ input }) => isInt8(input));
      const giving = this.#choices(i, ({ output, carries }) => isInt8(output) && !carries);
      const need = (name: string, variables: readonly string[]) => {
        const variable = rounded.get(name);
        if (variable === undefined || variables.length === 0) return;
        const made = this.#maker.get(name);
        const carried = made === undefined ? [] : this.#choices(made, ({ carries }) => !!carries);
        this.#constraints.push(`${variables.join(" + ")}${minus([variable, ...carried])} <= 0`);
      };
      for (const name of new Set(inputs)) need(name, reading);
      for (const name of new Set(outputs)) need(name, giving);
    });
  }
}

function term(value: number, variable: string): string {
  return `${value.toFixed(9)} ${variable}`;
}

function minus(variables: readonly string[]): string {
  return variables.map((variable) => ` - ${variable}`).join("");
}
