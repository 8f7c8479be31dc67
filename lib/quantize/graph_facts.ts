import { constants, consumers, pinned, producers } from "../onnx/graph.ts";
import { type GraphProto, type NodeProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import type { TensorProto } from "../onnx/onnx_pb.ts";
import { laidOutConstant, layoutOf, type WeightLayout } from "./weight_layout.ts";

/** What the quantizer asks of a graph, looked up once. */
export interface GraphFacts {
  readonly graph: GraphProto;
  /**
   * The constant of this name, here or in a graph around. What nodes lay out anew from a constant is
   * one too: computed when it is asked for, and not stored under its name.
   */
  constant(name: string | undefined): TensorProto | undefined;
  /** Whether a constant is one of this very graph, stored or laid out. */
  owns(name: string): boolean;
  isConstant(name: string | undefined): boolean;
  /** How nodes lay a value out from a stored constant; undefined for all other values. */
  layoutOf(name: string): WeightLayout | undefined;
  /** Name under which a constant is stored: its own, or that of the one it is laid out from. */
  storedAs(name: string): string;
  /** The constant of this name if its elements are float32. */
  floatConstant(name: string | undefined): TensorProto | undefined;
  consumers(name: string): readonly NodeProto[];
  /** The node that makes a value in this very graph. */
  maker(name: string): NodeProto | undefined;
  /** Whether a name is an output of this very graph. */
  isOutput(name: string): boolean;
  /** Whether a name must survive: a graph output, or read inside a body. */
  isPinned(name: string): boolean;
  /** Number of spatial dimensions of a pool, from its kernel. */
  spatialDims(node: NodeProto): number | undefined;
}

/**
 * Gathers the facts of a graph.
 *
 * @param outer Facts of the graph around, if it is a body: names that it does not have itself mean
 * the outer graph's.
 */
export function graphFacts(graph: GraphProto, outer?: GraphFacts): GraphFacts {
  const own = constants(graph);
  const shadows = new Set([
    ...graph.input.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
  ]);
  const stored = (name: string): TensorProto | undefined =>
    own.get(name) ?? (shadows.has(name) ? undefined : outer?.constant(name));
  const makers = producers(graph);
  const layoutIn = (name: string) => layoutOf(name, makers, (other) => stored(other) !== undefined);
  const laidOut = new Map<string, TensorProto | undefined>();
  const constant = (name: string | undefined): TensorProto | undefined => {
    if (name === undefined) return undefined;
    const known = stored(name) ?? laidOut.get(name);
    if (known || laidOut.has(name)) return known;
    const layout = layoutIn(name);
    const made = layout && laidOutConstant(name, layout, stored);
    laidOut.set(name, made);
    return made;
  };
  const consuming = consumers(graph);
  const keep = pinned(graph);
  return {
    graph,
    constant,
    owns: (name) => own.has(name) || layoutIn(name) !== undefined,
    isConstant: (name) => constant(name) !== undefined,
    layoutOf: layoutIn,
    storedAs: (name) => layoutIn(name)?.root ?? name,
    floatConstant(name) {
      const tensor = constant(name);
      return tensor?.dataType === TensorProto_DataType.FLOAT ? tensor : undefined;
    },
    maker: (name) => makers.get(name),
    consumers: (name) => consuming.get(name) ?? [],
    isOutput: (name) => graph.output.some((output) => output.name === name),
    isPinned: (name) => keep.has(name),
    spatialDims: (node) => node.attribute.find(({ name }) => name === "kernel_shape")?.ints.length,
  };
}
