import type { ValueType } from "../tensor/tensor.ts";
import { constants, constantValue, parameterCount, subgraphs, valueTypes } from "./graph.ts";
import { type Model, sha256 } from "./model.ts";
import { modulePaths } from "./module_path.ts";
import { domainOf, isStandard } from "./node.ts";
import { type GraphProto, type TensorProto, TensorProto_DataType as DataType } from "./onnx_pb.ts";
import { byteLengthOf, dimsOf } from "./tensor_proto.ts";

/**
 * What a model is made of, as plain JSON.
 * @category Model
 */
export interface ModelSummary {
  /** For reports: the name of its file. */
  readonly name: string;
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the file's bytes. */
  readonly hash: string;
  /** Program that wrote the file, "" if it does not say. */
  readonly producer: string;
  /** Version of the file format. */
  readonly irVersion: number;
  /** Version of each operator domain; the standard one is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** What goes in, constants not among it. */
  readonly inputs: readonly ValueType[];
  /** What comes out. */
  readonly outputs: readonly ValueType[];
  /** Weights, shared ones once. */
  readonly parameters: number;
  /** Number of nodes by operator, most frequent first; those in bodies of If, Loop and Scan too. */
  readonly operators: Readonly<Record<string, number>>;
  /** Each node, those of bodies behind the node that holds them. */
  readonly nodes: readonly NodeSummary[];
}

/**
 * One node of a model.
 * @category Graphs (advanced)
 */
export interface NodeSummary {
  /** Name of the node, or of its first output where it has none. */
  readonly node: string;
  /** With its domain, where that is not the standard one. */
  readonly opType: string;
  /** Module path, "" where none can be recovered. */
  readonly path: string;
  /** How many bodies of If, Loop or Scan the node lies in. */
  readonly depth: number;
  /** Shape of the first float32 constant of two or more dimensions that it reads, if any. */
  readonly weights?: readonly number[];
  /** Bytes of the float32 constants it reads; one that several nodes read counts at each. */
  readonly float32Bytes: number;
}

/**
 * Describes a model: what goes in and out, what it weighs, and each node with its module path, by
 * which rules of a qconfig mapping speak of it.
 *
 * @throws {UserError} If an input or output is not a tensor.
 * @example
 * ```ts
 * import { summarizeModel } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * const model = parseModel("input x float32[N]; output y float32[N]; h = Relu(x); y = Relu(h)");
 * const { inputs, operators } = await summarizeModel(model);
 * assert.deepEqual(inputs, [{ name: "x", type: "float32", dims: ["N"] }]);
 * assert.deepEqual(operators, { Relu: 2 });
 * ```
 * @category Model
 */
export async function summarizeModel(model: Model): Promise<ModelSummary> {
  const { inputs, outputs } = valueTypes(model.graph);
  const nodes = summarizeNodes(model.graph, modulePaths(model.graph), new Map(), 0);
  const counts = new Map<string, number>();
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  const operators = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const { source } = model;
  return {
    name: model.name,
    bytes: (source ?? model.bytes()).length,
    hash: source ? await sha256(source) : await model.hash(),
    producer: [model.proto.producerName, model.proto.producerVersion].join(" ").trim(),
    irVersion: Number(model.proto.irVersion),
    opsets: Object.fromEntries(
      model.proto.opsetImport.map((entry) => [domainOf(entry), Number(entry.version)]),
    ),
    inputs,
    outputs,
    parameters: parameterCount(model.graph),
    operators: Object.fromEntries(operators),
    nodes,
  };
}

function summarizeNodes(
  graph: GraphProto,
  paths: ReturnType<typeof modulePaths>,
  outer: ReadonlyMap<string, TensorProto>,
  depth: number,
): NodeSummary[] {
  const known = new Map([...outer, ...constants(graph)]);
  return graph.node.flatMap((node) => {
    const own = constantValue(node);
    const floats = (own ? [own] : [...new Set(node.input)].map((name) => known.get(name)))
      .filter((tensor) => tensor?.dataType === DataType.FLOAT) as TensorProto[];
    const weights = floats.map(dimsOf).find((dims) => dims.length > 1);
    const summary: NodeSummary = {
      node: node.name || node.output.find((name) => name !== "") || node.opType,
      opType: isStandard(node) ? node.opType : `${node.domain}.${node.opType}`,
      path: paths.get(node) ?? "",
      depth,
      ...(weights && { weights }),
      float32Bytes: floats.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0),
    };
    const bodies = subgraphs(node).flatMap((body) => summarizeNodes(body, paths, known, depth + 1));
    return [summary, ...bodies];
  });
}
