import { nearest, UserError } from "../errors.ts";
import { lookUp } from "../look_up.ts";
import {
  elementCount,
  type ElementType,
  type Feeds,
  numericArrays,
  type Tensor,
  type ValueType,
} from "../tensor/tensor.ts";

/** Options for {@linkcode checkFeeds}. */
export interface CheckFeedsOptions {
  /** What the message calls the model. @default {"the model"} */
  model?: string;
}

/**
 * Makes sure that a sample is what a model takes: every input there and no other, each of the type
 * and shape that the model declares, with as many elements as its shape says. Dynamic dimensions take
 * any length.
 *
 * @throws {UserError} That names the input, what was expected and what was found.
 * @example
 * ```ts
 * import { checkFeeds } from "./feeds.ts";
 * import { float32 } from "../tensor/tensor.ts";
 * checkFeeds({ x: float32([2, 1], [3, 4]) }, [{ name: "x", type: "float32", dims: ["n", 1] }]);
 * ```
 */
export function checkFeeds(
  feeds: Feeds,
  inputs: readonly ValueType[],
  options: CheckFeedsOptions = {},
): void {
  const { model = "the model" } = options;
  const fail = (found: string): never => {
    throw new UserError(
      `Cannot run ${model}: ${found}; expected ${
        inputs.map(describeValue).join(", ") || "no input"
      }`,
    );
  };
  const names = inputs.map(({ name }) => name);
  for (const name of Object.keys(feeds)) {
    if (names.includes(name)) continue;
    const [near] = nearest(name, names, 1);
    fail(`it has no input "${name}"${near === undefined ? "" : ` (did you mean "${near}"?)`}`);
  }
  for (const input of inputs) {
    const tensor = lookUp(feeds, input.name) ?? fail(`input "${input.name}" is missing`);
    const found = mismatch(tensor, input);
    if (found !== undefined) fail(`input "${input.name}" ${found}`);
  }
}

/** A value as people write it: `x float32 [n, 3, ?, 32]`. */
export function describeValue({ name, type, dims }: ValueType): string {
  const shape = dims === undefined ? "" : ` [${dims.map((dim) => dim ?? "?").join(", ")}]`;
  return `${name} ${type}${shape}`;
}

function mismatch(tensor: Tensor, { type, dims }: ValueType): string | undefined {
  if (tensor.type !== type) return `is ${tensor.type}, not ${type}`;
  const shape = `[${tensor.dims.join(", ")}]`;
  if (!isArrayOf(tensor.data, type)) {
    return `says that it is ${type}, but its data is ${tensor.data.constructor.name}`;
  }
  if (tensor.data.length !== elementCount(tensor.dims)) {
    return `has ${tensor.data.length} elements where its shape ${shape} needs ` +
      `${elementCount(tensor.dims)}`;
  }
  if (dims === undefined) return undefined;
  if (tensor.dims.length !== dims.length) {
    return `has ${tensor.dims.length} dimensions ${shape} instead of ${dims.length}`;
  }
  const axis = dims.findIndex((dim, i) => typeof dim === "number" && dim !== tensor.dims[i]);
  if (axis < 0) return undefined;
  return `has shape ${shape}: dimension ${axis} is ${tensor.dims[axis]}, not ${dims[axis]}`;
}

function isArrayOf(data: Tensor["data"], type: ElementType): boolean {
  return type === "string" ? Array.isArray(data) : data instanceof numericArrays[type];
}
