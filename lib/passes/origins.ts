import type { NodeProto } from "../onnx/onnx_pb.ts";

/**
 * Remembers which nodes of the network as it came a rewritten node stands for.
 * @category Passes (advanced)
 */
export class Origins {
  readonly #origins = new WeakMap<NodeProto, readonly NodeProto[]>();

  /** Notes that `node` does the work of `replaced`, in that order of computation. */
  inherit(node: NodeProto, ...replaced: readonly NodeProto[]): void {
    this.#origins.set(node, replaced.flatMap((old) => this.of(old)));
  }

  /** The nodes that `node` stands for; itself, if it was never rewritten. */
  of(node: NodeProto): readonly NodeProto[] {
    return this.#origins.get(node) ?? [node];
  }
}
