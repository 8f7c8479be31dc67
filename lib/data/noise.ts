import { UserError } from "../errors.ts";
import { elementCount, type Feeds, type Tensor, type ValueType } from "../tensor/tensor.ts";
import { random } from "../random.ts";
import { inputText } from "./shapes.ts";
import { sharedArray } from "./shared.ts";

/**
 * Inputs that mean nothing, for measuring time where no samples are at hand: floats between 0 and 1,
 * always the same, and zeros for integers, which are valid as indices and as lengths. A first axis that is
 * left open is the batch, and is made 1.
 *
 * @throws {UserError} If an input leaves another dimension open: times hold for one shape, which is not
 * for us to choose.
 * @example
 * ```ts
 * import { noise } from "octavo";
 * import assert from "node:assert/strict";
 * const { x } = noise([{ name: "x", type: "float32", dims: [1, 3, 8, 8] }], "net.onnx");
 * assert.equal(x!.data.length, 192);
 * ```
 * @category Samples
 */
export function noise(inputs: readonly ValueType[], model: string): Feeds {
  const stream = random(1);
  return Object.fromEntries(inputs.map((input) => {
    const { name, type, dims } = input;
    const fixed = dims?.map((dim, axis) => typeof dim !== "number" && axis === 0 ? 1 : dim)
      .filter((dim) => typeof dim === "number");
    if (!fixed || fixed.length !== dims?.length || type === "string") {
      throw new UserError(
        `Cannot make up an input for ${model}: "${name}" is ${
          inputText(input)
        }, and time depends on ` +
          `its shape; give samples (--data samples.npz)`,
      );
    }
    const data = sharedArray(type, elementCount(fixed));
    if (type.startsWith("float")) {
      for (let i = 0; i < data.length; i++) data[i] = stream.between(0, 1);
    }
    return [name, { type, dims: fixed, data } as Tensor];
  }));
}
