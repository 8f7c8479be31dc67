import { allNodes, subgraphs } from "../onnx/graph.ts";
import type { GraphProto, TensorProto } from "../onnx/onnx_pb.ts";

/** What may be made ahead, and kept, for each byte of constants that a network has. */
const FOR_EACH_BYTE = 16;

/** Bytes that may be made and kept in any network. */
const IN_ANY_CASE = 2 ** 28;

/**
 * How many bytes of constants may be computed ahead and kept, in all rounds of all passes together.
 * Networks that exporters write take a few times what their weights have; a file that is made to, or
 * damaged, could ask for as much as there are nodes, each as large as its largest weight.
 * @category Passes (advanced)
 */
export class FoldingBudget {
  /** Bytes that may still be taken; what is let go of is given back. */
  left: number;
  /** Something may have been left to the runtime for want of them. */
  exhausted = false;

  /** Allows so many bytes in all. */
  constructor(bytes: number) {
    this.left = bytes;
  }

  /** What a network may take. */
  static of(graph: GraphProto): FoldingBudget {
    return new FoldingBudget(IN_ANY_CASE + FOR_EACH_BYTE * constantBytes(graph));
  }
}

function constantBytes(graph: GraphProto): number {
  let bytes = 0;
  for (const tensor of graph.initializer) bytes += storedBytes(tensor);
  for (const node of allNodes(graph)) {
    for (const { t } of node.attribute) if (t) bytes += storedBytes(t);
    for (const body of subgraphs(node)) {
      for (const tensor of body.initializer) bytes += storedBytes(tensor);
    }
  }
  return bytes;
}

/** Bytes that the file really holds, whatever shape it states. */
function storedBytes(tensor: TensorProto): number {
  const { rawData, floatData, doubleData, int32Data, int64Data, uint64Data } = tensor;
  return rawData?.length ??
    4 * (floatData.length + int32Data.length) +
      8 * (doubleData.length + int64Data.length + uint64Data.length);
}
