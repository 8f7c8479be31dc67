import { graphInputs, namesRead, valueTypes } from "../onnx/graph.ts";
import { isStandard } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { elementCount, numericArrays, type Tensor, type ValueType } from "../tensor/tensor.ts";
import type { Dataset } from "./dataset.ts";

/** Operators that make texts of texts. */
const KEEPS_TEXT: ReadonlySet<string> = new Set([
  ...["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Expand", "Tile"],
  ...["Concat", "Split", "Gather", "Slice", "StringConcat", "StringNormalizer"],
]);

/**
 * Inputs that no node reads and no output gives back, and texts that are only passed on to outputs of
 * texts, which nothing compares: what they are fed makes no difference.
 */
export function idleInputs(graph: GraphProto): ValueType[] {
  const read = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) for (const name of namesRead(node)) read.add(name);
  const { inputs } = valueTypes({ ...graph, input: graphInputs(graph), output: [] });
  return inputs.filter(({ name, type }) =>
    !read.has(name) || (type === "string" && isPassedOn(name, graph))
  );
}

/** Whether all that is made of a text is text. */
function isPassedOn(name: string, graph: GraphProto): boolean {
  const texts = new Set([name]);
  for (const node of graph.node) {
    if (texts.isDisjointFrom(namesRead(node))) continue;
    if (!isStandard(node) || !KEEPS_TEXT.has(node.opType)) return false;
    for (const output of node.output) texts.add(output);
  }
  return true;
}

/** The samples with something for inputs that make no difference, which runtimes ask for all the same. */
export function withIdleInputs(dataset: Dataset, idle: readonly ValueType[]): Dataset {
  if (idle.length === 0) return dataset;
  const made = Object.fromEntries(idle.map((input) => [input.name, emptyOf(input)]));
  const sample = async (index: number) => ({ ...await dataset.sample(index), ...made });
  return { ...dataset, sample };
}

/** Zeros, or empty texts, with a length of 1 wherever the file leaves one open. */
function emptyOf({ type, dims = [] }: ValueType): Tensor {
  const shape = dims.map((dim) => typeof dim === "number" ? dim : 1);
  const count = elementCount(shape);
  return type === "string"
    ? { type, dims: shape, data: Array<string>(count).fill("") }
    : { type, dims: shape, data: new numericArrays[type](count) } as Tensor;
}
