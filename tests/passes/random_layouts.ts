import type { Model } from "../../lib/onnx/model.ts";
import { generator } from "../random.ts";
import { modelOf, random } from "./fixtures.ts";
import { picker } from "./lowering.ts";

/** The input of every {@linkcode randomLayouts}, x. Two axes are alike, one is idle. */
export const LAYOUT_DIMS = [2, 3, 1, 3, 4] as const;

/**
 * A network of up to 24 nodes that move values about and compute little: Transposes, Reshapes, sums of
 * what was moved differently, constants along some axis, pools, and values that are read twice.
 */
export function randomLayouts(seed: number): Model {
  const { between, pick } = picker(generator(seed));
  const values: { readonly name: string; readonly dims: readonly number[] }[] = [
    { name: "x", dims: LAYOUT_DIMS },
  ];
  const lines: string[] = [];
  const weights: Record<string, ReturnType<typeof random>> = {};
  const add = (expression: string, dims: readonly number[]) => {
    const name = `v${values.length}`;
    lines.push(`${name} = ${expression}`);
    values.push({ name, dims });
  };
  const shape = (dims: readonly number[]) => {
    const name = `shape${lines.length}`;
    lines.unshift(`tensor ${name} int64[${dims.length}] = [${dims.join(", ")}]`);
    return name;
  };
  for (let i = between(8, 24); i > 0; i--) {
    const { name, dims } = between(0, 9) < 6 ? values.at(-1)! : pick(values);
    const axes = dims.map((_, axis) => axis);
    const alike = values.filter((other) => other.dims.join() === dims.join());
    switch (pick(["move", "move", "shape", "unary", "binary", "constant", "join", "still"])) {
      case "move": {
        const perm = [0, ...axes.slice(1).sort(() => between(0, 1) - 0.5)];
        add(
          `Transpose(${name}) {perm=[${perm.join(", ")}]}`,
          perm.map((axis) => dims[axis]!),
        );
        break;
      }
      case "shape": {
        const count = dims.slice(1).reduce((product, dim) => product * dim, 1);
        const wanted = pick([[2, count], [2, 3, count / 3], [...LAYOUT_DIMS], dims]);
        const whole = wanted.every(Number.isInteger);
        if (!whole || wanted.reduce((product, dim) => product * dim, 1) !== 2 * count) break;
        add(`Reshape(${name}, ${shape([pick([-1, 2]), ...wanted.slice(1)])})`, wanted);
        break;
      }
      case "unary":
        add(`${pick(["Relu", "Tanh", "Neg", "Sum", "Identity"])}(${name})`, dims);
        break;
      case "binary":
        add(`${pick(["Add", "Mul", "Max"])}(${name}, ${pick(alike).name})`, dims);
        break;
      case "constant": {
        const wide = dims.map((dim) => between(0, 1) ? dim : 1);
        const constant = pick([wide, wide.slice(1), [], [1]]);
        weights[`c${lines.length}`] = random(constant, seed + lines.length);
        add(`Mul(c${lines.length}, ${name})`, dims);
        break;
      }
      case "join": {
        const axis = between(1, dims.length - 1);
        if (dims[axis]! > 6) break;
        const joined = dims.map((dim, i) => i === axis ? 2 * dim : dim);
        add(
          `Concat(${name}, ${pick(alike).name}) {axis=${pick([axis, axis - dims.length])}}`,
          joined,
        );
        break;
      }
      case "still":
        if (dims.length === 5) {
          const kernel = pick([[1, 1, 2], [1, 2, 1], [2, 1, 1], [1, 1, 1]]);
          if (kernel.some((k, axis) => k > dims[axis + 2]!)) break;
          const left = dims.map((dim, axis) => axis < 2 ? dim : dim - kernel[axis - 2]! + 1);
          add(`MaxPool(${name}) {kernel_shape=[${kernel.join(", ")}]}`, left);
        } else add(`Softmax(${name}) {axis=-1}`, dims);
    }
  }
  const outputs = new Set([values.at(-1)!, ...values.slice(1).filter(() => between(0, 9) === 0)]);
  outputs.delete(values[0]!);
  if (outputs.size === 0) return randomLayouts(seed + 100_000);
  const declared = [...outputs].map(({ name, dims }) => {
    return `output ${name} float32[${dims.map((dim, axis) => axis === 0 ? "N" : dim).join(", ")}]`;
  });
  return modelOf(
    `input x float32[N, ${LAYOUT_DIMS.slice(1).join(", ")}]\n${declared.join("\n")}\n${
      lines.join("\n")
    }`,
    weights,
  );
}
