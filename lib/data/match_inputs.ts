import { nearest, UserError } from "../errors.ts";
import type { Tensor, ValueType } from "../tensor/tensor.ts";
import { mayConvert } from "./cast.ts";
import { fitsStack, inputText } from "./shapes.ts";

/** What people call the classes of their samples. */
const LABELS = ["label", "y", "target", "targets", "class", "classes"];

/** Which array an input takes, by the array's name. */
export interface Match {
  readonly array: string;
  readonly input: ValueType;
}

type Arrays = Readonly<Record<string, Tensor>>;

/**
 * Finds the array of each input: by name, and where there is one of each, whatever its name.
 *
 * @param name What messages call the arrays.
 * @throws {UserError} If names are missing or unknown, with the line of Python that would mend it.
 */
export function matchInputs(arrays: Arrays, inputs: readonly ValueType[], name: string): Match[] {
  const names = Object.keys(arrays);
  const [array, input] = [names[0], inputs[0]];
  if (names.length === 1 && inputs.length === 1) return [{ array: array!, input: input! }];
  requireNames(names, inputs, `Cannot use ${name}`, () => savez(arrays, inputs, name));
  return names.map((array) => ({ array, input: inputs.find(({ name }) => name === array)! }));
}

/**
 * Refuses names of arrays that are not those of the inputs.
 *
 * @param what How the message begins.
 * @param remedy What would mend it.
 */
export function requireNames(
  names: readonly string[],
  inputs: readonly ValueType[],
  what: string,
  remedy: () => string = () => "",
): void {
  const wanted = inputs.map((input) => input.name);
  const unknown = names.filter((name) => !wanted.includes(name));
  const rest = unknown.filter((name) => !isLabels(name));
  // Where one array is left for one input, its name does not matter.
  const missing = inputs.filter((input) => !names.includes(input.name));
  const paired = inputs.length === 1 && missing.length === 1 && rest.length === 1;
  const [noArray, noInput] = paired
    ? [[], unknown.filter((name) => isLabels(name))]
    : [missing, unknown];
  if (noArray.length === 0 && noInput.length === 0) return;
  const parts = [
    ...noArray.map((input) =>
      `it has no array for the network's input "${input.name}" (${inputText(input)})`
    ),
    ...noInput.map((name) => {
      const near = isLabels(name) ? "labels" : nearest(name, wanted, 1)[0];
      return `its array "${name}" is no input of the network` +
        (near === undefined ? "" : ` (did you mean "${near}"?)`);
    }),
  ];
  const list = (texts: readonly string[]) => texts.map((text) => `"${text}"`).join(", ") || "none";
  throw new UserError(
    `${what}: ${parts.join("; ")}. Arrays: ${list(names)}; inputs: ${list(wanted)}${remedy()}`,
  );
}

function isLabels(name: string): boolean {
  return LABELS.includes(name.toLowerCase());
}

/** The line of Python that gives the arrays of a file the names of the inputs; "" if it is not known. */
function savez(arrays: Arrays, inputs: readonly ValueType[], name: string): string {
  if (!/\.npz$/i.test(name)) return "";
  const free = new Set(Object.keys(arrays));
  const labels = [...free].find((name) =>
    isLabels(name) && inputs.every((one) => one.name !== name)
  );
  if (labels !== undefined) free.delete(labels);
  const chosen = new Map<string, string>();
  const take = (input: ValueType, array: string | undefined) => {
    if (array === undefined) return;
    chosen.set(input.name, array);
    free.delete(array);
  };
  for (const input of inputs) if (free.has(input.name)) take(input, input.name);
  const left = () => inputs.filter((input) => !chosen.has(input.name));
  const fitting = (input: ValueType) =>
    [...free].filter((name) => {
      const { dims, type } = arrays[name]!;
      return fitsStack(dims, input) && mayConvert(type, input.type);
    });
  for (const input of left()) {
    const [near] = nearest(input.name, fitting(input), 1);
    take(input, near);
  }
  for (const input of left()) {
    const [only, ...others] = fitting(input);
    if (others.length === 0) take(input, only);
  }
  if (left().length > 0) return "";
  const entries = [
    ...inputs.map(({ name }) => [name, chosen.get(name)!]),
    ...labels === undefined ? [] : [["labels", labels]],
  ];
  const dict = entries.map(([to, from]) => `${JSON.stringify(to)}: d[${JSON.stringify(from)}]`);
  return `. In Python: d = np.load(${JSON.stringify(name)}); ` +
    `np.savez("named.npz", **{${dict.join(", ")}})`;
}
