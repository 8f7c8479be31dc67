import { allNodes, mapSubgraphs } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";

/** A model for a runtime that cannot write every name down. */
export interface PlainNames {
  /** The model with other names for some nodes; the same object if all are plain. */
  readonly model: Model;
  /** The name a node had, also where the runtime put something behind the plain one. */
  readonly original: (name: string) => string;
}

/** Begins the names given here. */
const PREFIX = "octavo_plain_";
const GIVEN = new RegExp(`^${PREFIX}(\\d+)(.*)$`, "s");

/** What JSON holds only if it is escaped, which onnxruntime does not do in its profile. */
// deno-lint-ignore no-control-regex -- they are what is looked for
const UNPLAIN = /["\\\u0000-\u001f]/;

/**
 * Gives nodes whose names hold quotes, backslashes or line breaks, in bodies too, plain names. Keras and
 * exporters made by hand write such names.
 */
export function withPlainNames(model: Model): PlainNames {
  const names: string[] = [];
  const plain = (node: NodeProto): NodeProto => {
    const inside = mapSubgraphs(node, renamed);
    return UNPLAIN.test(node.name)
      ? { ...inside, name: `${PREFIX}${names.push(node.name) - 1}` }
      : inside;
  };
  const renamed = (graph: GraphProto): GraphProto => ({ ...graph, node: graph.node.map(plain) });
  const found = allNodes(model.graph).some(({ name }) => UNPLAIN.test(name));
  if (!found) return { model, original: (name) => name };
  return {
    model: model.withGraph(renamed(model.graph)),
    original: (name) => {
      const [, number, behind] = name.match(GIVEN) ?? [];
      return number === undefined ? name : (names[Number(number)] ?? "") + behind;
    },
  };
}
