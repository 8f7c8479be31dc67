import { inputText, shapeText } from "../../lib/data/shapes.ts";
import { nearest, UsageError } from "../../lib/errors.ts";
import type { ValueType } from "../../lib/tensor/tensor.ts";

/**
 * Inputs with the shapes that `--shape input=1,3,224,224` says, which may fill in what a network leaves open.
 *
 * @param asked What was typed, each for one input; those of which nothing was said stay as they are.
 * @param fill What is made of shapes that nothing was said of. @default {they stay as they are}
 * @throws {UsageError} If a shape is none, is of no input or of another rank, or contradicts the network; or
 * if one is still open beyond the first axis, which is the batch.
 */
export function withShapes(
  inputs: readonly ValueType[],
  asked: readonly string[],
  model: string,
  fill: (inputs: readonly ValueType[]) => readonly ValueType[] = (inputs) => inputs,
): ValueType[] {
  const shapes = new Map<string, readonly number[]>();
  for (const text of asked) {
    const { name, dims } = readShape(text);
    requireFit(inputs, name, dims, model);
    if (shapes.has(name)) {
      throw new UsageError(`Two shapes are given for ${name}: give one --shape`);
    }
    shapes.set(name, dims);
  }
  const all = fill(
    inputs.map((input): ValueType => {
      const dims = shapes.get(input.name) ?? input.dims;
      return dims ? { ...input, dims } : input;
    }),
  );
  const open = all.filter(({ dims }) => !dims?.slice(1).every((dim) => typeof dim === "number"));
  if (open.length > 0) {
    const options = open.map(({ name, dims }) =>
      `--shape ${name}=${(dims ?? ["…"]).map((d, i) => typeof d === "number" ? d : i && "…" || 1)}`
    );
    throw new UsageError(
      `Cannot make up an input for ${model}: ` +
        `${open.map((input) => `"${input.name}" is ${inputText(input)}`).join(", ")}, ` +
        `which leaves the shape open; give ${options.join(" ")}, or samples (--data samples.npz)`,
    );
  }
  return [...all];
}

function readShape(text: string): { name: string; dims: number[] } {
  const at = text.lastIndexOf("=");
  const [name, list] = [text.slice(0, at), text.slice(at + 1)];
  const dims = list.split(",").map((dim) => /^\s*\d+\s*$/.test(dim) ? Number(dim) : NaN);
  if (at <= 0 || !dims.every((dim) => dim >= 1)) {
    throw new UsageError(
      `--shape ${text} is no shape: name the input and give a whole number of at least 1 for each ` +
        "dimension, as in --shape input=1,3,224,224",
    );
  }
  return { name, dims };
}

/** Refuses a shape that a network's input cannot have. */
function requireFit(
  inputs: readonly ValueType[],
  name: string,
  dims: readonly number[],
  model: string,
): void {
  const input = inputs.find((one) => one.name === name);
  if (!input) {
    const names = inputs.map((one) => one.name);
    const [near] = nearest(name, names);
    throw new UsageError(
      `--shape ${name}=${dims} is of no input: ${model} has ${names.join(", ")}` +
        `${near ? `; did you mean ${near}?` : ""}`,
    );
  }
  const fits = input.dims === undefined || input.dims.length === dims.length &&
      input.dims.every((dim, axis) => typeof dim !== "number" || dim === dims[axis]);
  if (fits) return;
  throw new UsageError(
    `--shape ${name}=${dims} does not fit ${model}, whose ${name} is ${inputText(input)}: ` +
      `${
        input.dims!.length === dims.length
          ? "its numbers are fixed"
          : `give ${input.dims!.length} dimensions, not those of ${shapeText(dims)}`
      }`,
  );
}
