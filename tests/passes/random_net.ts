import type { Model } from "../../lib/onnx/model.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { generator } from "../random.ts";
import { batchNorm, modelOf, random } from "./fixtures.ts";

interface Value {
  readonly name: string;
  /** Of a picture, [2, channels, height, width], or of rows, [2, features]. */
  readonly dims: readonly number[];
}

/** The input of every {@linkcode randomNet}, x. */
export const INPUT_DIMS = [2, 3, 6, 6] as const;

/**
 * A network of up to 20 random nodes, such as the passes look for and such as stand in their way: values
 * that are read twice or are outputs, weights that are shared or hidden behind an Identity, constants
 * that lie along channels, columns or rows.
 */
export function randomNet(seed: number): Model {
  const next = generator(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!;
  const chance = (probability: number) => next() < probability;

  const lines: string[] = [];
  const weights: Record<string, Tensor> = {};
  const values: Value[] = [{ name: "x", dims: INPUT_DIMS }];
  let count = 0;
  const fresh = (base: string) => `${base}${count++}`;
  const add = (expression: string, dims: readonly number[]) => {
    const name = fresh("v");
    lines.push(`${name} = ${expression}`);
    values.push({ name, dims });
  };
  const weight = (dims: readonly number[], values = random(dims, seed * 1000 + count, 0.5)) => {
    const alike = Object.keys(weights).filter((name) => weights[name]!.dims.join() === dims.join());
    if (alike.length > 0 && chance(0.2)) return pick(alike);
    const name = fresh("w");
    weights[name] = values;
    if (chance(0.7)) return name;
    const hidden = fresh("hidden");
    lines.push(`${hidden} = Identity(${name})`);
    return hidden;
  };
  const maybe = (dims: readonly number[]) => chance(0.5) ? `, ${weight(dims)}` : "";

  const anywhere: Record<string, (x: Value) => void> = {
    batchNorm({ name, dims }) {
      const norm = fresh("bn");
      Object.assign(weights, batchNorm(norm, dims[1]!, seed * 100 + count));
      const parameters = ["weight", "bias", "mean", "var"].map((part) => `${norm}.${part}`);
      add(`BatchNormalization(${name}, ${parameters.join(", ")})`, dims);
    },
    arithmetic({ name, dims }) {
      const [, channels, height, width] = dims as [number, number, number, number];
      const shape = dims.length === 4
        ? pick([[channels, 1, 1], [1, channels, 1, 1], [1], [], [width], [height, 1], [2, 1, 1, 1]])
        : pick([[channels], [1, channels], [1], [], [2, 1]]);
      const constant = weight(shape);
      const opType = pick(["Add", "Sub", "Mul"]);
      add(`${opType}(${(chance(0.6) ? [name, constant] : [constant, name]).join(", ")})`, dims);
    },
    residual({ name, dims }) {
      const alike = values.filter((other) => other.dims.join() === dims.join());
      add(`Add(${name}, ${pick(alike).name})`, dims);
    },
    activation: ({ name, dims }) => add(`${pick(["Relu", "Tanh"])}(${name})`, dims),
    nothing({ name, dims }) {
      const form = pick(["Identity(_)", "Dropout(_)", "Cast(_) {to=1}", "Sum(_)"]);
      add(form.replace("_", name), dims);
    },
  };
  const pictures: typeof anywhere = {
    conv({ name, dims }) {
      const [, channels, height, width] = dims as [number, number, number, number];
      const group = channels % 2 === 0 && chance(0.3) ? 2 : 1;
      const kernel = Math.min(height, width) < 3 ? 1 : pick([1, 3]);
      const pad = kernel === 3 && chance(0.5) ? 1 : 0;
      const filters = pick([2, 4, 6]);
      const shrink = kernel - 1 - 2 * pad;
      const parameters = weight([filters, channels / group, kernel, kernel]) + maybe([filters]);
      add(
        `Conv(${name}, ${parameters}) {group=${group}, pads=[${pad}, ${pad}, ${pad}, ${pad}]}`,
        [2, filters, height - shrink, width - shrink],
      );
    },
    convTranspose({ name, dims }) {
      const [, channels, height, width] = dims as [number, number, number, number];
      const parameters = weight([channels, 3, 2, 2]) + maybe([3]);
      add(`ConvTranspose(${name}, ${parameters})`, [2, 3, height + 1, width + 1]);
    },
    transpose({ name, dims }) {
      const perm = pick([[0, 2, 3, 1], [0, 3, 1, 2], [0, 1, 3, 2], [0, 1, 2, 3]]);
      add(`Transpose(${name}) {perm=[${perm}]}`, perm.map((axis) => dims[axis]!));
    },
    flatten: ({ name, dims }) =>
      add(`Flatten(${name})`, [2, dims.slice(1).reduce((product, dim) => product * dim, 1)]),
    columns: ({ name, dims }) =>
      add(`MatMul(${name}, ${weight([dims[3]!, 4])})`, [...dims.slice(0, 3), 4]),
  };
  const rows: typeof anywhere = {
    gemm({ name, dims }) {
      const transB = chance(0.5);
      const shape = transB ? [5, dims[1]!] : [dims[1]!, 5];
      const parameters = weight(shape) + maybe(pick([[5], [1, 5], [1], []]));
      add(`Gemm(${name}, ${parameters}) {transB=${Number(transB)}, beta=2.0}`, [2, 5]);
    },
    matMul: ({ name, dims }) => add(`MatMul(${name}, ${weight([dims[1]!, 3])})`, [2, 3]),
  };

  for (let i = 6 + Math.floor(next() * 14); i > 0; i--) {
    const value = chance(0.7) ? values.at(-1)! : pick(values);
    const kinds = { ...anywhere, ...value.dims.length === 4 ? pictures : rows };
    pick(Object.values(kinds))(value);
  }
  const outputs = [...values.slice(1, -1).filter(() => chance(0.1)), values.at(-1)!];
  const declared = outputs.map(({ name, dims }) => `output ${name} float32[${dims.join(", ")}]`);
  return modelOf(
    `input x float32[${INPUT_DIMS.join(", ")}]\n${declared.join("\n")}\n${lines.join("\n")}`,
    weights,
  );
}
