import type { Model } from "../onnx/model.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { elementCount } from "../tensor/tensor.ts";
import { LoadReader } from "./load_facts.ts";

/** Operators whose result is their input under another shape. */
const ALIASES = /^(Reshape|Squeeze|Unsqueeze|Flatten|Identity)$/;

/**
 * Bytes of the values that stand in memory at once while a graph runs, at the worst moment; constants aside.
 * A value whose shape is not known counts as its share of what it is made of.
 */
export function workingBytes({ graph }: Model, shapes: ShapeMap): number {
  const reader = new LoadReader(graph, shapes);
  const running = graph.node.filter((node) => !reader.isComputedAtLoad(node));
  const owner = new Map<string, string>();
  const ownerOf = (name: string) => owner.get(name) ?? name;
  const read = (node: NodeProto) =>
    node.input.filter((name) => name !== "" && !reader.isFixed(name)).map(ownerOf);
  const lastRead = new Map<string, number>();
  running.forEach((node, i) => {
    for (const name of read(node)) lastRead.set(name, i);
    if (ALIASES.test(node.opType)) owner.set(node.output[0]!, ownerOf(node.input[0]!));
  });
  for (const { name } of graph.output) lastRead.set(ownerOf(name), Infinity);
  const sizes = new Map<string, number>();
  const known = (name: string) => {
    const shape = reader.shapes.get(name);
    return shape && 4 * elementCount(shape.dims);
  };
  for (const { name } of graph.input) if (!reader.isFixed(name)) sizes.set(name, known(name) ?? 0);
  let most = 0;
  running.forEach((node, i) => {
    const share = Math.max(0, ...read(node).map((name) => sizes.get(name) ?? 0)) /
      node.output.length;
    for (const name of node.output) {
      if (name !== "" && ownerOf(name) === name) sizes.set(name, known(name) ?? share);
    }
    most = Math.max(most, [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0));
    for (const name of sizes.keys()) if ((lastRead.get(name) ?? i) <= i) sizes.delete(name);
  });
  return most;
}
