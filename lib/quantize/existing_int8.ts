import { isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { ActivationParams } from "./activation_params.ts";
import type { ActivationType } from "./qconfig.ts";

/** Operators on integers that quantizers write, of the standard and of onnxruntime. */
const INTEGER_OPERATOR =
  /^(Q(Linear|Gemm|Attention|Embed|Moe|Ordered)|ConvInteger|MatMul(Integer|NBits|Bnb4)|Dynamic[qQ]uant|(De)?[qQ]uantizeLinear|GatherBlockQuantized)/;

/** What the plan says of them. */
export const INT8_ALREADY = "it is int8 already";

/** The nodes of a graph that are int8 already, made so by whoever wrote the file. */
export function existingInt8(facts: GraphFacts): Set<NodeProto> {
  const found = new Set<NodeProto>();
  const quantizes = (name: string): boolean => {
    const readers = facts.consumers(name);
    return readers.length > 0 && !facts.isPinned(name) &&
      readers.every((reader) =>
        reader.opType === "QuantizeLinear" || (isTail(reader) && quantizes(reader.output[0]!))
      );
  };
  for (const node of facts.graph.node) {
    const makers = node.input.map((name) => facts.maker(name));
    const dequantized = (maker?: NodeProto) => maker?.opType === "DequantizeLinear";
    const reads = makers.some((maker) => dequantized(maker) || (maker && found.has(maker)));
    const weights = makers.some((maker) => dequantized(maker) && facts.isConstant(maker!.input[0]));
    const results = node.output.filter((name) => name !== "");
    if (
      INTEGER_OPERATOR.test(node.opType) || weights ||
      (reads && isStandard(node) && results.every(quantizes))
    ) found.add(node);
  }
  return found;
}

function isTail({ opType }: NodeProto): boolean {
  return opType === "Relu" || opType === "Clip";
}

/** An activation that is there as integers already. */
export interface ExistingForm extends ActivationParams {
  readonly integers: string;
}

/**
 * The integers that a tensor was dequantized from in the file as it came, if they have one scale and
 * one zero point of this type: whoever wants the tensor as integers takes these.
 */
export function existingForm(
  name: string,
  dtype: ActivationType,
  facts: GraphFacts,
): ExistingForm | undefined {
  const node = facts.maker(name);
  if (node?.opType !== "DequantizeLinear" || !isStandard(node)) return undefined;
  const [integers = "", scale = "", zeroPoint = ""] = node.input;
  const [stored, zero] = [facts.floatConstant(scale), facts.constant(zeroPoint)];
  if (facts.isConstant(integers) || !stored || !zero) return undefined;
  const [scales, zeros] = [readTensorProto(stored), readTensorProto(zero)];
  if (scales.data.length !== 1 || zeros.data.length !== 1 || zeros.type !== dtype) return undefined;
  const params = { scale: Number(scales.data[0]), zeroPoint: Number(zeros.data[0]) };
  return { params, integers, scale, zeroPoint };
}
