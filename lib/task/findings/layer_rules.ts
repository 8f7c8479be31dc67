import { intAttribute } from "../../onnx/node.ts";
import { isOf, isProduct, isUnfused, type LayerView } from "./layer_view.ts";

/** Why int8 layers of a kind are slow, and what mends them. */
export interface LayerRule {
  /** As in `MendChange.rule`. */
  readonly id: string;
  /** Two or three words. */
  readonly title: string;
  readonly holds: (view: LayerView) => boolean;
  readonly why: string;
  /** What to do at the source, besides having the file mended. */
  readonly mends: string;
}

const isWeights = ({ layer }: LayerView) => layer.form === "weights";
const isDynamic = ({ layer }: LayerView) => layer.form === "dynamic";
const isStatic = ({ layer }: LayerView) => layer.form === "static";
const isSigned = ({ layer }: LayerView) => layer.activations === "int8";
const isUnfusedProduct = (view: LayerView) => isProduct(view) && isUnfused(view);

/** Whether each of its channels is convolved by itself. */
function isDepthwise({ node, constant }: LayerView): boolean {
  if (node?.opType !== "Conv" || intAttribute(node, "group", 1) === 1) return false;
  return Number(constant(node.input[1] ?? "")?.dims[1]) === 1;
}

/** Whether both sides of a product are computed. */
function isOfActivations({ node, constant }: LayerView): boolean {
  return node?.opType === "MatMul" && !node.input.some(constant);
}

/** Whether the result of a product is a float32 to which a bias is added. */
function hasBiasBehind(view: LayerView): boolean {
  const { readers, constant } = view;
  return view.node?.opType === "MatMul" && !isOf(view, "QuantizeLinear") &&
    readers.some(({ opType, input }) => opType === "Add" && input.some(constant));
}

/** Whether a Relu or Clip follows that the range does not stand for. */
function hasActivationBehind({ readers }: LayerView): boolean {
  return readers.length === 1 && /^(Relu|Clip)$/.test(readers[0]!.opType);
}

/**
 * The rules for layers that are int8: the first that holds says why a layer is slow. Which are slow, and by how
 * much, is measured on each file.
 */
export const LAYER_RULES: readonly LayerRule[] = [
  {
    id: "dequantized-table",
    title: "table expanded in each run",
    holds: (view) =>
      isWeights(view) && isOf(view, "Gather") &&
      view.layer.from.find(({ operator }) => /^(DequantizeL|Gather)/.test(operator))!.operator !==
        "Gather",
    why:
      "DequantizeLinear stands before the Gather: all rows are turned into float32 in each run, " +
      "and few are read.",
    mends:
      "Cast and Mul behind the Gather. With onnxruntime.quantization: leave Gather out of quantize_static's " +
      "op_types_to_quantize.",
  },
  {
    id: "block-weights",
    title: "weights in blocks",
    holds: (view) => isWeights(view) && isOf(view, "MatMulNBits", "GatherBlockQuantized"),
    why:
      "MatMulNBits unpacks its weights in each run. With few rows that takes longer than the product.",
    mends: "the same integers behind Cast and Mul, which the runtime folds when it loads the file.",
  },
  {
    id: "dequantized-weights",
    title: "weights expanded in each run",
    holds: isWeights,
    why:
      "DequantizeLinear on weights is not folded when the file is loaded: it runs, or unpacks, " +
      "in each run.",
    mends: "the same integers behind Cast and Mul, which the runtime folds when it loads the file.",
  },
  {
    id: "dynamic-recurrent",
    title: "dynamic int8 LSTM",
    holds: (view) => isDynamic(view) && isOf(view, "DynamicQuantizeLSTM"),
    why:
      "DynamicQuantizeLSTM finds a range at each step. With a batch of one that costs more than " +
      "its products save.",
    mends:
      "a float32 LSTM with int8 weights: as small. With onnxruntime.quantization: leave LSTM out of " +
      "quantize_dynamic's op_types_to_quantize.",
  },
  {
    id: "s8-weights-in-conv-integer",
    title: "ConvInteger, int8 weights",
    holds: (view) => isDynamic(view) && isOf(view, "ConvInteger") && view.layer.weights === "int8",
    why: "ConvInteger has no fast kernel for int8 weights, only for uint8. Around it stand a " +
      "DynamicQuantizeLinear, a Cast and two Muls.",
    mends:
      "weights as uint8, 128 higher, or float32. With onnxruntime.quantization: weight_type=QuantType.QUInt8, " +
      "or leave Conv out.",
  },
  {
    id: "dynamic-convolution",
    title: "dynamic convolutions",
    holds: (view) => isDynamic(view) && isOf(view, "ConvInteger"),
    why:
      "ConvInteger needs a DynamicQuantizeLinear before it, and a Cast and two Muls behind it: " +
      "small convolutions save less than these take.",
    mends:
      "float32. With onnxruntime.quantization: leave Conv out of quantize_dynamic's op_types_to_quantize, or " +
      "quantize_static.",
  },
  {
    id: "dynamic-product",
    title: "dynamic products",
    holds: isDynamic,
    why:
      "the range of the input is found in each run. A product of one or few rows takes less time than " +
      "that.",
    mends:
      "float32 with int8 weights: as small. With onnxruntime.quantization: name these nodes in nodes_to_exclude.",
  },
  {
    id: "wide-activations",
    title: "16-bit activations",
    holds: ({ layer }) => /^u?int16$/.test(layer.activations ?? ""),
    why:
      "no WASM kernel computes on 16 bits: it is float32 between DequantizeLinear and QuantizeLinear.",
    mends: "float32. With onnxruntime.quantization: activation_type=QuantType.QUInt8.",
  },
  {
    id: "bias-behind-product",
    title: "products with a bias behind",
    holds: (view) => isUnfusedProduct(view) && hasBiasBehind(view),
    why:
      "the runtime joins MatMul and Add to a Gemm first, which has no int8 kernel here: it computes in " +
      "float32, and expands the weights in each run.",
    mends: "float32 with int8 weights, or a kernel on integers.",
  },
  {
    id: "activation-between",
    title: "Relu or Clip between",
    holds: (view) => isUnfusedProduct(view) && hasActivationBehind(view),
    why:
      "between the product and its QuantizeLinear stands a Relu or Clip that the range does not begin at: " +
      "it cannot be dropped, and all computes in float32 with conversions around.",
    mends: "ranges that begin at 0 (uint8, zero point 0), or float32.",
  },
  {
    id: "s8-shared-activations",
    title: "int8 activations, float32 kernels",
    holds: (view) => isUnfusedProduct(view) && isSigned(view),
    why:
      "int8 activations that several nodes read are not made uint8 by the runtime, and the nodes around " +
      "find no kernel: they compute in float32, and expand their weights in each run.",
    mends:
      "uint8, 128 higher: the same values. With onnxruntime.quantization: activation_type=QuantType.QUInt8.",
  },
  {
    id: "unfused-product",
    title: "int8 in the file only",
    holds: isUnfusedProduct,
    why:
      "the runtime finds no int8 kernel for what stands between DequantizeLinear and QuantizeLinear: " +
      "it computes in float32 and converts besides.",
    mends: "float32 with int8 weights.",
  },
  {
    id: "unfused-operators",
    title: "conversions around float32",
    holds: isUnfused,
    why:
      "these operators have no int8 kernel, or none that takes this form: they run in float32 between " +
      "DequantizeLinear and QuantizeLinear, which often take longer than they do.",
    mends:
      'float32. With onnxruntime.quantization: op_types_to_quantize=["Conv", "Gemm", "MatMul"].',
  },
  {
    id: "depthwise-integers",
    title: "depthwise convolutions",
    holds: (view) => isStatic(view) && isDepthwise(view),
    why: "the int8 kernel of a depthwise convolution is slower than float32's.",
    mends: "float32. With onnxruntime.quantization: name these nodes in nodes_to_exclude.",
  },
  {
    id: "s8-activations",
    title: "int8 activations",
    holds: (view) => isStatic(view) && isProduct(view) && isSigned(view),
    why:
      "the WASM kernels are made for uint8 activations; with int8 on the left they are slower than float32.",
    mends:
      "uint8, 128 higher: the same values. With onnxruntime.quantization: activation_type=QuantType.QUInt8.",
  },
  {
    id: "quantized-scores",
    title: "products of attention",
    holds: (view) => isStatic(view) && isOfActivations(view),
    why:
      "the product of queries and keys, or of weights and values, is rounded to int8 behind: that costs " +
      "more than the integer product saves.",
    mends:
      "float32, or a result that is not rounded. With onnxruntime.quantization: name these nodes in nodes_to_exclude.",
  },
  {
    id: "static-product",
    title: "static int8 products",
    holds: (view) => isStatic(view) && isProduct(view),
    why:
      "what the integer product saves is less than the changes of precision and layout around it take, " +
      "or its shape is one that the int8 kernel is slow at.",
    mends:
      "float32 with int8 weights. With onnxruntime.quantization: name these nodes in nodes_to_exclude.",
  },
  {
    id: "slow-integers",
    title: "Add, Mul, pools in int8",
    holds: isStatic,
    why:
      "these operators are slower on bytes than on float32, or cost a change of precision that their " +
      "neighbours do not need.",
    mends:
      'float32. With onnxruntime.quantization: op_types_to_quantize=["Conv", "Gemm", "MatMul"].',
  },
];

/** The rule that says why a layer would be slow; every layer has one. */
export function ruleOf(view: LayerView): LayerRule {
  return LAYER_RULES.find(({ holds }) => holds(view))!;
}

/** What layers of a rule are called; undefined of what is no rule of layers. */
export function titleOfRule(id: string): string | undefined {
  return LAYER_RULES.find((rule) => rule.id === id)?.title;
}
