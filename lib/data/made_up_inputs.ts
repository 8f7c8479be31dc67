import { elementCount, type Feeds, type Tensor } from "../tensor/tensor.ts";
import { sharedArray } from "./shared.ts";

/**
 * More inputs of the same shapes as one that was made up: the floats turned around (1 - x), and stretched to
 * lie about zero (2x - 1). Integers stay what they are: which others are valid is not known.
 *
 * @returns The one given, and two of its kin; the one alone where it has no floats.
 */
export function madeUpInputs(first: Feeds): Feeds[] {
  const hasFloats = Object.values(first).some(({ type }) => type === "float32");
  if (!hasFloats) return [first];
  return [first, mapFloats(first, (x) => 1 - x), mapFloats(first, (x) => 2 * x - 1)];
}

function mapFloats(feeds: Feeds, map: (x: number) => number): Feeds {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]): [string, Tensor] => {
      if (tensor.type !== "float32") return [name, tensor];
      const { dims } = tensor;
      const data = sharedArray("float32", elementCount(dims));
      tensor.data.forEach((x, i) => data[i] = map(Number(x)));
      return [name, { type: "float32", dims, data }];
    }),
  );
}
