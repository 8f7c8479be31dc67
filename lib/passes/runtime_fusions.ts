import type { NodeProto } from "../onnx/onnx_pb.ts";
import type { FormFacts } from "./fast_form.ts";

/** Operators past which the runtime moves a QuantizeLinear up. */
const MOVED_PAST = ["Flatten", "MaxPool", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

/**
 * Whether the runtime takes an activation into the Conv before it, where it costs next to nothing: a Conv
 * that nobody else reads, and one with a bias and an Add behind it, unless that adds two of them (kernel fact
 * relu-in-conv).
 */
export function joinsConv(activation: NodeProto, facts: FormFacts): boolean {
  const [x] = activation.input;
  if (!facts.isReadOnce(x)) return false;
  if (facts.maker(x, "Conv")) return true;
  const add = facts.maker(x, "Add");
  if (!add) return false;
  const convs = add.input.flatMap((name) => facts.maker(name, "Conv") ?? []);
  return convs.length === 1 && facts.isReadOnce(convs[0]!.output[0]) && Boolean(convs[0]!.input[2]);
}

/** Whether the runtime takes an activation into the Gemm before it, or the MatMul with a bias. */
export function joinsGemm(activation: NodeProto, facts: FormFacts): boolean {
  const [x] = activation.input;
  if (!facts.isReadOnce(x)) return false;
  if (facts.maker(x, "Gemm")) return true;
  return facts.maker(x, "Add")?.input.some((name) => facts.maker(name, "MatMul")) ?? false;
}

/**
 * Whether a product or sum belongs to a norm that is written in its parts, of which the runtime makes one
 * LayerNormalization: the factors behind a division by a root, or what is added to that.
 */
export function joinsNorm({ opType, input }: NodeProto, facts: FormFacts): boolean {
  if (opType === "Mul") {
    return input.some((name) => facts.maker(facts.maker(name, "Div")?.input[1], "Sqrt"));
  }
  const products = opType === "Add" ? input.map((name) => facts.maker(name, "Mul")) : [];
  return products.some((product) => product && joinsNorm(product, facts));
}

/**
 * Whether all that reads the value of a node quantizes it, or moves it on to where it is quantized: a Relu
 * and a Clip there vanish into the QuantizeLinear, others become one operator on integers with it (kernel fact relu-before-quantize).
 */
export function joinsQuantize(node: NodeProto, facts: FormFacts): boolean {
  const readers = facts.readers(node.output[0]);
  if (!readers || readers.length === 0) return false;
  return readers.every((reader) =>
    reader.opType === "QuantizeLinear" ||
    MOVED_PAST.includes(reader.opType) && joinsQuantize(reader, facts)
  );
}
