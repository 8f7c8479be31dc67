import { Buffer } from "node:buffer";
import { toBinary } from "@bufbuild/protobuf";
import { graphInputs, namesRead, producers } from "../onnx/graph.ts";
import {
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "../onnx/onnx_pb.ts";

/** What of a changed network has to run, where the values of the unchanged one are known. */
export interface Suffix {
  /** In order. */
  readonly nodes: readonly NodeProto[];
  /** Constants of theirs. */
  readonly initializers: readonly TensorProto[];
  /** Values of the unchanged network that they read. */
  readonly reads: readonly string[];
  /** Outputs of the network that they give; the others are those of the unchanged one. */
  readonly outputs: readonly string[];
}

/**
 * Finds what has to run of a network that was made from another by changing some nodes: the changed
 * nodes and all that depends on them. What they read of the rest, they read from a run of the other
 * network, at tensors where that can be cut.
 *
 * A tensor is the same in both if its name is, and the node that makes it, and all that this node
 * reads; names of nodes do not count.
 *
 * @param isCut Whether the value of a tensor can be taken from a run of the other network. Where it
 * cannot, what makes it runs again.
 * @example Only what follows the changed node runs; `b` is read from before
 * ```ts
 * import { parseGraph } from "../onnx/text.ts";
 * import { suffixOf } from "./suffix.ts";
 * import assert from "node:assert/strict";
 * const net = (op: string) =>
 *   parseGraph(`graph g
 *     input x float32[1]
 *     output d float32[1]
 *     a = Exp(x)
 *     b = Neg(x)
 *     c = ${op}(a)
 *     d = Add(b, c)`);
 * const { nodes, reads } = suffixOf(net("Sqrt"), net("Abs"), () => true);
 * assert.deepEqual(nodes.map(({ opType }) => opType), ["Abs", "Add"]);
 * assert.deepEqual(reads, ["a", "b"]);
 * ```
 */
export function suffixOf(
  base: GraphProto,
  changed: GraphProto,
  isCut: (name: string) => boolean,
): Suffix {
  const same = sameValues(base, changed);
  const constants = new Map(changed.initializer.map((tensor) => [tensor.name, tensor]));
  const given = new Set(graphInputs(changed).map(({ name }) => name));
  const makers = producers(changed);
  const members = new Set<NodeProto>();
  const initializers = new Map<string, TensorProto>();
  const reads = new Set<string>();
  const outputs = changed.output.map(({ name }) => name).filter((name) => !same.has(name));
  // An explicit stack: a chain of thousands of nodes must not exhaust the call stack.
  const open = outputs.toReversed();
  const seen = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const constant = constants.get(name);
    const maker = makers.get(name);
    if (constant) initializers.set(name, constant);
    else if (given.has(name) || same.has(name) && isCut(name)) reads.add(name);
    else if (maker && !members.has(maker)) {
      members.add(maker);
      open.push(...namesRead(maker));
    }
  }
  return {
    nodes: changed.node.filter((node) => members.has(node)),
    initializers: [...initializers.values()],
    reads: changed.node.flatMap((node) => members.has(node) ? [...namesRead(node)] : [])
      .filter((name, i, all) => reads.has(name) && all.indexOf(name) === i),
    outputs,
  };
}

/** Names of all values that are to the bit the same in both graphs. */
function sameValues(base: GraphProto, changed: GraphProto): Set<string> {
  const before = new Map(base.initializer.map((tensor) => [tensor.name, tensor]));
  const inputs = new Set(graphInputs(base).map(({ name }) => name));
  const makers = producers(base);
  const same = new Set(
    graphInputs(changed).map(({ name }) => name).filter((name) => inputs.has(name)),
  );
  for (const tensor of changed.initializer) {
    const other = before.get(tensor.name);
    if (other && sameTensor(tensor, other)) same.add(tensor.name);
  }
  for (const node of changed.node) {
    const other = node.output.map((name) => makers.get(name)).find((maker) => maker);
    if (!other || !sameNode(node, other)) continue;
    if (![...namesRead(node)].every((name) => same.has(name))) continue;
    for (const name of node.output) if (name !== "") same.add(name);
  }
  return same;
}

function sameTensor(a: TensorProto, b: TensorProto): boolean {
  if (a === b) return true;
  if (a.dataType !== b.dataType || String(a.dims) !== String(b.dims)) return false;
  if (a.rawData && b.rawData) return a.rawData === b.rawData || sameBytes(a.rawData, b.rawData);
  return sameBytes(toBinary(TensorProtoSchema, a), toBinary(TensorProtoSchema, b));
}

function sameNode(a: NodeProto, b: NodeProto): boolean {
  if (a === b) return true;
  if (a.opType !== b.opType || a.output.length !== b.output.length) return false;
  const bytes = (node: NodeProto) =>
    toBinary(NodeProtoSchema, { ...node, name: "", docString: "", metadataProps: [] });
  return sameBytes(bytes(a), bytes(b));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
