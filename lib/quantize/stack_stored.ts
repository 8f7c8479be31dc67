import { create } from "@bufbuild/protobuf";
import { consumers, makeNamer } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { isStandard, makeNode } from "../onnx/node.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from "../onnx/onnx_pb.ts";
import { dimsOf, makeTensorProto, rawBytes } from "../onnx/tensor_proto.ts";
import { QUANTIZED_OPSET } from "../onnx/opset.ts";

/** Weights for which the three nodes that expand a stack are fewer than their own. */
const FEWEST = 3;

/**
 * Stacks weights that are stored as integers and have the same shape but for their first axis, which is that
 * of their scales: one Cast, one Mul and one Split expand them all when the file is opened, in place of a
 * Cast and a Mul each. The values are the same, to the bit.
 *
 * @returns The same model if there are not three alike.
 */
export function stackStored(model: Model): Model {
  if (model.opset < QUANTIZED_OPSET) return model; // Split has its sizes elsewhere
  const alike = ({ integers }: StoredWeight) => dimsOf(integers).slice(1).join();
  const groups = Map.groupBy(storedWeights(model.graph), alike);
  let { graph } = model;
  for (const group of groups.values()) {
    if (group.length >= FEWEST) graph = withStack(graph, group);
  }
  return model.withGraph(graph);
}

/** A weight that a Cast and a Mul expand, whose parts nobody else reads. */
interface StoredWeight {
  readonly cast: NodeProto;
  readonly mul: NodeProto;
  /** int8 [n, ...] */
  readonly integers: TensorProto;
  /** [n, 1, ...] */
  readonly scale: TensorProto;
}

function storedWeights(graph: GraphProto): StoredWeight[] {
  const readers = consumers(graph);
  const outputs = new Set(graph.output.map(({ name }) => name));
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const { name } of graph.input) tensors.delete(name); // a caller may feed it
  const isAlone = (name: string) => readers.get(name)?.length === 1 && !outputs.has(name);
  return graph.node.flatMap((cast) => {
    if (cast.opType !== "Cast" || !isStandard(cast)) return [];
    const [from, to] = [cast.input[0]!, cast.output[0]!];
    const integers = tensors.get(from);
    const [mul] = readers.get(to) ?? [];
    if (integers?.dataType !== DataType.INT8 || mul?.opType !== "Mul" || mul.input[0] !== to) {
      return [];
    }
    const scale = tensors.get(mul.input[1]!);
    if (!scale || ![from, to, scale.name].every(isAlone)) return [];
    const [first, ...inner] = dimsOf(integers);
    const perFirst = [first, ...inner.map(() => 1)].join();
    return dimsOf(scale).join() === perFirst ? [{ cast, mul, integers, scale }] : [];
  });
}

function withStack(graph: GraphProto, group: readonly StoredWeight[]): GraphProto {
  const fresh = makeNamer(graph);
  const name = (suffix: string) => fresh(`${group[0]!.integers.name}_${suffix}`);
  const integers = stacked(group.map((one) => one.integers), name("stack"));
  const scale = stacked(group.map((one) => one.scale), name("stack_scale"));
  const sizes = makeTensorProto(name("stack_sizes"), {
    type: "int64",
    dims: [group.length],
    data: BigInt64Array.from(group, (one) => one.integers.dims[0]!),
  });
  const [wide, values] = [name("stack_wide"), name("stack_values")];
  const results = group.map(({ mul }) => mul.output[0]!);
  const expand = [
    { ...group[0]!.cast, name: "", input: [integers.name], output: [wide] },
    makeNode("Mul", [wide, scale.name], [values]),
    makeNode("Split", [values, sizes.name], results, { axis: 0 }),
  ];
  const goneNodes = new Set(group.flatMap(({ cast, mul }) => [cast, mul]));
  const gone = new Set(group.flatMap((one) => [one.integers, one.scale]));
  return {
    ...graph,
    node: [...expand, ...graph.node.filter((node) => !goneNodes.has(node))],
    initializer: [
      ...graph.initializer.filter((tensor) => !gone.has(tensor)),
      ...[integers, scale, sizes],
    ],
  };
}

/** Tensors one after another along their first axis. */
function stacked(tensors: readonly TensorProto[], name: string): TensorProto {
  const [{ dataType, dims: [, ...inner] }] = tensors as [TensorProto];
  const parts = tensors.map(rawBytes);
  const rawData = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    rawData.set(part, at);
    at += part.length;
  }
  const first = tensors.reduce((sum, { dims }) => sum + dims[0]!, 0n);
  return create(TensorProtoSchema, { name, dataType, dims: [first, ...inner], rawData });
}
