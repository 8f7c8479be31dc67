import { create } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import { elementCount, type ValueType } from "../tensor/tensor.ts";
import { isStandard } from "./node.ts";
import {
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type ValueInfoProto,
} from "./onnx_pb.ts";
import { bitsOf, dataTypeName, dimsOf, elementType } from "./tensor_proto.ts";

/** Bodies of a node: the branches of If, the body of Loop and Scan. */
export function subgraphs(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => g === undefined ? graphs : [g, ...graphs]);
}

/** A copy of `node` with each of its bodies mapped; the same object if none changed. */
export function mapSubgraphs(
  node: NodeProto,
  map: (body: GraphProto) => GraphProto,
): NodeProto {
  if (subgraphs(node).length === 0) return node;
  const attribute = node.attribute.map((attribute): AttributeProto => {
    if (attribute.g === undefined && attribute.graphs.length === 0) return attribute;
    const g = attribute.g && map(attribute.g);
    const graphs = attribute.graphs.map(map);
    const same = g === attribute.g && graphs.every((body, i) => body === attribute.graphs[i]);
    return same ? attribute : { ...attribute, g, graphs };
  });
  return attribute.every((mapped, i) => mapped === node.attribute[i])
    ? node
    : { ...node, attribute };
}

/** Every node of a graph and of the bodies within, outer ones first. */
export function* allNodes(graph: GraphProto): Generator<NodeProto> {
  for (const node of graph.node) {
    yield node;
    for (const body of subgraphs(node)) yield* allNodes(body);
  }
}

/**
 * Values known before the network runs, by name: initializers and the outputs of Constant nodes of
 * this graph, not of its bodies. An initializer that is listed as an input too counts: whoever
 * overrides it at run time is on their own. Constants as sparse tensors are left out.
 */
export function constants(graph: GraphProto): Map<string, TensorProto> {
  const found = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.node) {
    const [name] = node.output;
    const value = constantValue(node);
    if (value !== undefined && name !== undefined) found.set(name, value);
  }
  return found;
}

/** The tensor a Constant node makes. Undefined for other nodes, and for sparse constants. */
export function constantValue(node: NodeProto): TensorProto | undefined {
  if (node.opType !== "Constant" || !isStandard(node)) return undefined;
  const [name = ""] = node.output;
  for (const attribute of node.attribute) {
    const { floats, ints, strings } = attribute;
    switch (attribute.name) {
      case "value":
        return attribute.t;
      case "value_float":
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.FLOAT,
          floatData: [attribute.f ?? 0],
        });
      case "value_floats":
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.FLOAT,
          dims: [BigInt(floats.length)],
          floatData: floats,
        });
      case "value_int":
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.INT64,
          int64Data: [attribute.i ?? 0n],
        });
      case "value_ints":
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.INT64,
          dims: [BigInt(ints.length)],
          int64Data: ints,
        });
      case "value_string":
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.STRING,
          stringData: [attribute.s ?? new Uint8Array()],
        });
      case "value_strings":
        return create(TensorProtoSchema, {
          name,
          dataType: DataType.STRING,
          dims: [BigInt(strings.length)],
          stringData: strings,
        });
    }
  }
  return undefined;
}

/** The node that makes each value. */
export function producers(graph: GraphProto): Map<string, NodeProto> {
  const found = new Map<string, NodeProto>();
  for (const node of graph.node) {
    for (const name of node.output) if (name !== "") found.set(name, node);
  }
  return found;
}

/**
 * The nodes that read each value, in order, each once. A value that a body reads from the graph around
 * it counts as read by the node that holds the body.
 */
export function consumers(graph: GraphProto): Map<string, NodeProto[]> {
  const found = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const name of namesRead(node)) {
      const readers = found.get(name);
      if (readers === undefined) found.set(name, [node]);
      else readers.push(node);
    }
  }
  return found;
}

/** Names of this graph that a node reads, by its inputs and within its bodies. */
export function namesRead(node: NodeProto): Set<string> {
  const names = captured(node);
  for (const name of node.input) if (name !== "") names.add(name);
  return names;
}

/** Names that the bodies of a node read from the graphs around them. */
export function captured(node: NodeProto): Set<string> {
  const names = new Set<string>();
  for (const body of subgraphs(node)) {
    const own = new Set([
      ...body.input.map(({ name }) => name),
      ...body.initializer.map(({ name }) => name),
      ...body.sparseInitializer.map(({ values }) => values?.name ?? ""),
      ...body.node.flatMap(({ output }) => output),
    ]);
    const read = [
      ...body.node.flatMap((inner) => [...namesRead(inner)]),
      ...body.output.map(({ name }) => name),
    ];
    for (const name of read) if (!own.has(name)) names.add(name);
  }
  return names;
}

/** Names that must survive any rewrite: outputs of the graph, and what bodies read from it. */
export function pinned(graph: GraphProto): Set<string> {
  const names = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) for (const name of captured(node)) names.add(name);
  return names;
}

/** What a caller must feed: the inputs that are not initializers listed again, as old files do. */
export function graphInputs(graph: GraphProto): ValueInfoProto[] {
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  for (const { values } of graph.sparseInitializer) if (values) initializers.add(values.name);
  return graph.input.filter(({ name }) => !initializers.has(name));
}

/**
 * Orders nodes so that each comes after those it reads from; nodes that may stay where they are do.
 * The same graph if it is in order.
 *
 * @throws {UserError} If nodes wait for each other in a circle.
 */
export function sortTopologically(graph: GraphProto): GraphProto {
  const makers = producers(graph);
  const done = new Set<NodeProto>();
  const open = new Set<NodeProto>();
  const sorted: NodeProto[] = [];
  // An explicit stack: a chain of thousands of nodes must not exhaust the call stack.
  for (const root of graph.node) {
    const stack: { node: NodeProto; waiting: Iterator<string> }[] = [];
    const enter = (node: NodeProto) => {
      if (done.has(node)) return;
      if (open.has(node)) {
        throw new UserError(
          `Cannot order the nodes of graph "${graph.name}": ${node.opType} making ` +
            `"${node.output[0]}" waits for its own output`,
        );
      }
      open.add(node);
      stack.push({ node, waiting: namesRead(node).values() });
    };
    enter(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.waiting.next();
      if (next.done) {
        stack.pop();
        open.delete(top.node);
        done.add(top.node);
        sorted.push(top.node);
        continue;
      }
      const maker = makers.get(next.value);
      if (maker !== undefined) enter(maker);
    }
  }
  return sorted.every((node, i) => node === graph.node[i]) ? graph : { ...graph, node: sorted };
}

/**
 * Removes nodes whose outputs nobody reads, then the initializers and the notes on values (types,
 * annotations) that no node and no output names any more. The same graph if all is in use.
 */
export function removeDeadNodes(graph: GraphProto): GraphProto {
  const makers = producers(graph);
  const live = new Set<NodeProto>();
  const used = new Set<string>();
  const queue = graph.output.map(({ name }) => name);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (used.has(name)) continue;
    used.add(name);
    const maker = makers.get(name);
    if (maker === undefined || live.has(maker)) continue;
    live.add(maker);
    queue.push(...namesRead(maker));
  }

  const node = graph.node.filter((candidate) => live.has(candidate));
  const initializer = graph.initializer.filter(({ name }) => used.has(name));
  const sparseInitializer = graph.sparseInitializer
    .filter(({ values }) => used.has(values?.name ?? ""));
  const gone = new Set<string>();
  for (const { output } of graph.node) for (const name of output) gone.add(name);
  for (const { name } of graph.initializer) gone.add(name);
  for (const { values } of graph.sparseInitializer) gone.add(values?.name ?? "");
  for (const { output } of node) for (const name of output) gone.delete(name);
  for (const name of used) gone.delete(name);
  const same = node.length === graph.node.length &&
    initializer.length === graph.initializer.length &&
    sparseInitializer.length === graph.sparseInitializer.length;
  if (same) return graph;
  return {
    ...graph,
    node,
    initializer,
    sparseInitializer,
    // An initializer of old files goes from the inputs too; an input that was never one stays, since
    // callers feed it.
    input: graph.input.filter(({ name }) => !gone.has(name)),
    valueInfo: graph.valueInfo.filter(({ name }) => !gone.has(name)),
    quantizationAnnotation: graph.quantizationAnnotation
      .filter(({ tensorName }) => !gone.has(tensorName)),
  };
}

/**
 * Makes names that nothing in the graph or its bodies has, neither values nor nodes: `base` itself if
 * it is free, else `base_1`, `base_2`, … Each name is given once.
 */
export function makeNamer(graph: GraphProto): (base: string) => string {
  const taken = new Set<string>();
  const collect = (scope: GraphProto) => {
    for (const { name } of scope.input) taken.add(name);
    for (const { name } of scope.output) taken.add(name);
    for (const { name } of scope.initializer) taken.add(name);
    for (const { values } of scope.sparseInitializer) if (values) taken.add(values.name);
    for (const node of scope.node) {
      taken.add(node.name);
      for (const name of node.input) taken.add(name);
      for (const name of node.output) taken.add(name);
      subgraphs(node).forEach(collect);
    }
  };
  collect(graph);
  const counts = new Map<string, number>();
  return (base) => {
    let name = base;
    let count = counts.get(base) ?? 0;
    while (taken.has(name)) name = `${base}_${++count}`;
    counts.set(base, count);
    taken.add(name);
    return name;
  };
}

/**
 * Names, element types and shapes of what a network is fed, and of the tensors that it gives back: a
 * sequence or a map cannot be looked at.
 *
 * @throws {UserError} If an input is not a tensor, or one is of a type that has no array here.
 */
export function valueTypes(graph: GraphProto): { inputs: ValueType[]; outputs: ValueType[] } {
  return {
    inputs: graphInputs(graph).map((info) => valueType(info, "input")),
    outputs: graph.output.filter((info) => !isNonTensor(info))
      .map((info) => valueType(info, "output")),
  };
}

/** Whether a value is declared to be no tensor, but a sequence, a map or optional. */
export function isNonTensor({ type }: ValueInfoProto): boolean {
  const kind = type?.value.case;
  return kind !== undefined && kind !== "tensorType";
}

function valueType(info: ValueInfoProto, role: string): ValueType {
  const { name } = info;
  const kind = info.type?.value;
  if (kind?.case !== "tensorType") {
    throw new UserError(
      `Cannot describe ${role} "${name}": expected a tensor, found ` +
        `${kind?.case?.replace("Type", "") ?? "no type"}`,
    );
  }
  if (kind.value.elemType === DataType.UNDEFINED) {
    throw new UserError(
      `Cannot describe ${role} "${name}": the file does not say of what type it is`,
    );
  }
  const type = elementType(kind.value.elemType);
  if (type === undefined) {
    throw new UserError(
      `Cannot describe ${role} "${name}": its element type, ${
        dataTypeName(kind.value.elemType)
      }, ` +
        `has no array here`,
    );
  }
  return { name, type, dims: kind.value.shape && shapeOf(kind.value.shape) };
}

/** Lengths of the dimensions: a number, the name of a dynamic one, or null where unknown. */
function shapeOf(shape: { readonly dim: readonly Dimension[] }): (number | string | null)[] {
  return shape.dim.map(({ value }) => {
    if (value.case === "dimValue") return Number(value.value);
    // Some exporters write an empty name for a dimension they know nothing of.
    return value.case === "dimParam" && value.value !== "" ? value.value : null;
  });
}

interface Dimension {
  readonly value:
    | { readonly case: "dimValue"; readonly value: bigint }
    | { readonly case: "dimParam"; readonly value: string }
    | { readonly case: undefined };
}

/**
 * Number of weights, in bodies too: elements of initializers and constants that are floats, or
 * integers of at most 8 bits. Wider integers are shapes, indices and the biases of quantized layers.
 */
export function parameterCount(graph: GraphProto): number {
  let count = 0;
  for (const tensor of constants(graph).values()) {
    if (weightTypes.has(tensor.dataType) || (bitsOf(tensor.dataType) ?? 64) <= 8) {
      if (tensor.dataType !== DataType.BOOL) count += elementCount(dimsOf(tensor));
    }
  }
  for (const node of graph.node) {
    for (const body of subgraphs(node)) count += parameterCount(body);
  }
  return count;
}

const weightTypes = new Set<number>([
  DataType.FLOAT,
  DataType.FLOAT16,
  DataType.BFLOAT16,
  DataType.DOUBLE,
]);
