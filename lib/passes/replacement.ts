import type { GraphProto, NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Emitter } from "./emitter.ts";
import type { PassContext } from "./pass.ts";
import { removeDead } from "./remove_dead.ts";

/** Options that every rewrite of single nodes takes. */
export interface RewriteOptions {
  /** Which nodes to rewrite, of those that can be. @default {all} */
  select?: (node: NodeProto) => boolean;
}

/** Writes what takes the place of one node. */
export interface NodeWriter extends Emitter {
  /** A weight in another form, made once for all nodes that want the same. @returns Its name. */
  weight(name: string, form: string, make: () => Tensor): string;
}

/**
 * Goes through a graph and lets `rewrite` write nodes in the place of others. What it writes stands in
 * the scope of the old node, so that it belongs to the same module of the network. Weights that nobody
 * reads any more go.
 *
 * @param rewrite Writes the new nodes, the last of which makes the value that it returns; that one
 * takes the name of the old node's first output. Undefined leaves the node as it is.
 */
export function replaceNodes(
  graph: GraphProto,
  context: PassContext,
  rewrite: (node: NodeProto, write: NodeWriter) => string | undefined,
): GraphProto {
  const added: TensorProto[] = [];
  const forms = new Map<string, string>();
  const weight = (name: string, form: string, make: () => Tensor) => {
    const key = JSON.stringify([name, form]);
    const known = forms.get(key);
    if (known !== undefined) return known;
    const made = context.fresh(`${name}_${form}`);
    added.push(makeTensorProto(made, make()));
    forms.set(key, made);
    return made;
  };
  let changed = false;
  const node = graph.node.flatMap((old) => {
    const write = Object.assign(emitterFor(old, context), { weight });
    const result = rewrite(old, write);
    if (result === undefined) return [old];
    changed = true;
    added.push(...write.initializers);
    const [output = ""] = old.output;
    return write.nodes.map((made) => {
      const named = {
        ...made,
        output: made.output.map((name) => name === result ? output : name),
        metadataProps: old.metadataProps,
      };
      context.origins.inherit(named, old);
      return named;
    });
  });
  if (!changed) return graph;
  return removeDead({ ...graph, node, initializer: [...graph.initializer, ...added] });
}

/** A writer whose nodes have the scope of a node: `/conv1/Gemm` in the place of `/conv1/Conv`. */
function emitterFor({ name, output }: NodeProto, { fresh }: PassContext): Emitter {
  const end = name.lastIndexOf("/");
  if (end > 0) return new Emitter(fresh, name.slice(0, end));
  // A name without scopes must not look as if it had one.
  return new Emitter((base) => fresh(base.replaceAll("/", "_")), name || output[0] || "node");
}
