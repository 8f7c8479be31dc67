import { graphInputs, namesRead, valueTypes } from "../onnx/graph.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { elementCount, numericArrays, type Tensor, type ValueType } from "../tensor/tensor.ts";
import type { Dataset } from "./dataset.ts";

/** Inputs that no node reads and no output gives back: what they are fed makes no difference. */
export function idleInputs(graph: GraphProto): ValueType[] {
  const read = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) for (const name of namesRead(node)) read.add(name);
  const idle = graphInputs(graph).filter(({ name }) => !read.has(name));
  return idle.length === 0 ? [] : valueTypes({ ...graph, input: idle, output: [] }).inputs;
}

/** The samples with something for inputs that no node reads, which runtimes ask for all the same. */
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
