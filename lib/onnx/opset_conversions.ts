import { Float16Elements } from "../tensor/float16_array.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import {
  bigintsAttribute,
  floatAttribute,
  floatsAttribute,
  intAttribute,
  makeNode,
  stringAttribute,
  withAttributes,
} from "./node.ts";
import { type NodeProto, TensorProto_DataType as DataType } from "./onnx_pb.ts";
import { makeTensorProto } from "./tensor_proto.ts";

/** What a conversion may ask about the graph of a node. */
export interface Context {
  /** Makes a name that nothing has yet. */
  fresh(base: string): string;
  /** Ends the conversion: `why` follows the name of the node. */
  refuse(node: NodeProto, why: string): never;
  /** Number of dimensions, if it is known. */
  rank(name: string): number | undefined;
  /** The value, if it is a constant. */
  constant(name: string): Tensor | undefined;
  /** Tells of a Constant node that was just made. */
  made(node: NodeProto): void;
  /** True if a node or the caller reads the value. */
  isRead(name: string): boolean;
  /** Element type of a value that is a float, if it is known. */
  floatType(name: string): number | undefined;
}

/** Writes a node as the next version of its operator means it, with the nodes this takes. */
export type OpsetConversion = (node: NodeProto, context: Context) => NodeProto[];

/** The newest version up to which the tables below are complete. */
export const newestKnown = 26;

/**
 * What to do at each version that changed an operator's meaning, from 8 to 26. Versions that only allow
 * more (types, negative axes, attributes whose default is the old behaviour) need nothing; from 22 on
 * there are no others.
 */
export const conversions: Readonly<Record<string, Readonly<Record<number, OpsetConversion>>>> = {
  BatchNormalization: { 9: dropSpatial, 14: requireInference },
  Clip: { 11: boundsToInputs },
  ConvTranspose: { 11: requireExplicitPads },
  DFT: { 20: axisToInput },
  Dropout: { 10: requireNoMask, 12: ratioToInput },
  GridSample: { 20: renameGridModes },
  GroupNormalization: { 21: refuseGroupNormalization },
  Hardmax: { 13: coercedToAxis },
  LogSoftmax: { 13: coercedToAxis },
  Pad: { 11: padsToInputs },
  ReduceL1: { 18: axesToInput },
  ReduceL2: { 18: axesToInput },
  ReduceLogSum: { 18: axesToInput },
  ReduceLogSumExp: { 18: axesToInput },
  ReduceMax: { 18: axesToInput },
  ReduceMean: { 18: axesToInput },
  ReduceMin: { 18: axesToInput },
  ReduceProd: { 18: axesToInput },
  ReduceSum: { 13: axesToInput },
  ReduceSumSquare: { 18: axesToInput },
  Resize: { 11: nameCoordinates, 13: dropEmptyInputs },
  RoiAlign: { 16: nameRoiCoordinates },
  Scan: { 9: refuseScan },
  Scatter: { 11: renameScatter },
  Slice: { 10: rangesToInputs },
  Softmax: { 13: coercedToAxis },
  Split: { 13: lengthsToInput, 18: countOutputs },
  Squeeze: { 13: axesToInput },
  TopK: { 10: countToInput },
  Unsqueeze: { 13: axesToInput },
  Upsample: { 9: scalesToInput, 10: upsampleToResize },
};

/** Operators whose versions from 7 to 26 all mean the same to a model of the older one. */
export const unchanged: ReadonlySet<string> = new Set(
  `Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool Bernoulli BitCast BitShift
   BitwiseAnd BitwiseNot BitwiseOr BitwiseXor BlackmanWindow Cast CastLike Ceil Celu CenterCropPad Col2Im
   Compress Concat ConcatFromSequence Constant ConstantOfShape Conv ConvInteger Cos Cosh CumProd CumSum
   DeformConv DepthToSpace DequantizeLinear Det Div DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand
   EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalLpPool
   GlobalMaxPool Greater GreaterOrEqual HammingWindow HannWindow HardSigmoid HardSwish Identity If
   ImageDecoder InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual
   Log Loop LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean
   MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Multinomial Neg NegativeLogLikelihoodLoss
   NonMaxSuppression NonZero Not OneHot Optional OptionalGetElement OptionalHasElement Or PRelu Pow
   QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal RandomNormalLike RandomUniform
   RandomUniformLike Range Reciprocal RegexFullMatch Relu Reshape ReverseSequence RotaryEmbedding Round STFT
   ScatterElements ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert
   SequenceLength SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size SoftmaxCrossEntropyLoss Softplus
   Softsign SpaceToDepth SplitToSequence Sqrt StringConcat StringNormalizer StringSplit Sub Sum Swish Tan Tanh TensorScatter
   TfIdfVectorizer ThresholdedRelu Tile Transpose Trilu Unique Where Xor`.split(/\s+/),
);

/** `spatial=0` gave every position statistics of its own, which nothing does any more. */
function dropSpatial(node: NodeProto, context: Context): NodeProto[] {
  if (intAttribute(node, "spatial", 1) !== 1) {
    return context.refuse(node, "has spatial=0, which opset 9 took away");
  }
  return requireInference(withAttributes(node, { spatial: undefined }), context);
}

/** Until 14 further outputs meant training, and they were others. */
function requireInference(node: NodeProto, context: Context): NodeProto[] {
  if (node.output.slice(1).some((name) => name !== "" && context.isRead(name))) {
    return context.refuse(node, "gives its running statistics, as in training");
  }
  return [{ ...node, output: node.output.slice(0, 1) }];
}

function boundsToInputs(node: NodeProto, context: Context): NodeProto[] {
  const added: NodeProto[] = [];
  const bound = (name: "min" | "max") => {
    const value = floatAttribute(node, name);
    return value === undefined ? "" : scalar(node, name, value, context, added);
  };
  const input = [node.input[0]!, bound("min"), bound("max")];
  return [...added, {
    ...withAttributes(node, { min: undefined, max: undefined }),
    input: withoutTrailing(input),
  }];
}

/** Opset 11 turned round which side gets the odd padding: 1 said the one, 11 the other. */
function requireExplicitPads(node: NodeProto, context: Context): NodeProto[] {
  const mode = stringAttribute(node, "auto_pad", "NOTSET");
  if (mode.startsWith("SAME")) {
    return context.refuse(node, `has auto_pad=${mode}, whose meaning changed in opset 11`);
  }
  return [node];
}

function axisToInput(node: NodeProto, context: Context): NodeProto[] {
  const added: NodeProto[] = [];
  const axis = constant(node, "axis", int64([], [intAttribute(node, "axis", 1)]), context, added);
  const input = [node.input[0]!, node.input[1] ?? "", axis];
  return [...added, { ...withAttributes(node, { axis: undefined }), input }];
}

/** Opset 10 made the mask bool, and 12 said what is in it. */
function requireNoMask(node: NodeProto, context: Context): NodeProto[] {
  const [output = "", mask = ""] = node.output;
  if (mask !== "" && context.isRead(mask)) {
    return context.refuse(node, "has a mask that is read");
  }
  return [{ ...node, output: [output] }];
}

function ratioToInput(node: NodeProto, context: Context): NodeProto[] {
  const [plain = node] = requireNoMask(node, context);
  const ratio = floatAttribute(node, "ratio");
  if (ratio === undefined) return [plain];
  const added: NodeProto[] = [];
  // The ratio may be of any float type, whatever the data is.
  const name = constant(node, "ratio", float32([], [ratio]), context, added);
  const input = [node.input[0]!, name];
  return [...added, { ...withAttributes(plain, { ratio: undefined }), input }];
}

function renameGridModes(node: NodeProto): NodeProto[] {
  const names: Readonly<Record<string, string>> = { bilinear: "linear", bicubic: "cubic" };
  const mode = stringAttribute(node, "mode", "bilinear");
  return [withAttributes(node, { mode: names[mode] ?? mode })];
}

function refuseGroupNormalization(node: NodeProto, context: Context): NodeProto[] {
  return context.refuse(node, "scales by group until opset 21, and by channel from then on");
}

/**
 * Until 13 the input was taken for a matrix, the dimensions from `axis` (1 by default) on being one
 * row; since then a row is `axis` (-1) alone. The same where `axis` is the last.
 */
function coercedToAxis(node: NodeProto, context: Context): NodeProto[] {
  const axis = intAttribute(node, "axis", 1);
  const [x = "", y = ""] = [node.input[0], node.output[0]];
  const rank = context.rank(x);
  const last = withAttributes(node, { axis: -1 });
  if (axis === -1 || (rank !== undefined && axis === rank - 1)) return [last];

  const base = node.name || y;
  const [shape, matrix, rows] = ["shape", "matrix", "rows"].map((part) =>
    context.fresh(`${base}_${part}`)
  ) as [string, string, string];
  const helper = (opType: string, inputs: string[], output: string, attributes = {}) =>
    makeNode(opType, inputs, [output], attributes, {
      name: node.name && context.fresh(`${node.name}_${opType}`),
    });
  return [
    helper("Shape", [x], shape),
    helper("Flatten", [x], matrix, { axis }),
    { ...last, input: [matrix], output: [rows] },
    helper("Reshape", [rows, shape], y),
  ];
}

function padsToInputs(node: NodeProto, context: Context): NodeProto[] {
  const added: NodeProto[] = [];
  const pads = bigintsAttribute(node, "pads") ?? [];
  const value = floatAttribute(node, "value", 0);
  const input = [
    node.input[0]!,
    constant(node, "pads", int64([pads.length], pads), context, added),
    value === 0 ? "" : scalar(node, "value", value, context, added),
  ];
  return [...added, {
    ...withAttributes(node, { pads: undefined, value: undefined }),
    input: withoutTrailing(input),
  }];
}

/** No axes meant all of them, as no input does now. */
function axesToInput(node: NodeProto, context: Context): NodeProto[] {
  const axes = bigintsAttribute(node, "axes") ?? [];
  const plain = withAttributes(node, { axes: undefined });
  if (axes.length === 0) return [plain];
  const added: NodeProto[] = [];
  const name = constant(node, "axes", int64([axes.length], axes), context, added);
  return [...added, { ...plain, input: [node.input[0]!, name] }];
}

/**
 * Opset 10 had one way to map coordinates, `x / scale`, and no word for it. The nearest was the one
 * below where a dimension grows, the one above where it shrinks (the standard's own examples show it;
 * onnxruntime does so), and the same either way where it shrinks by a whole number.
 */
function nameCoordinates(node: NodeProto, context: Context): NodeProto[] {
  // What was an Upsample may be in the new form by now.
  if (stringAttribute(node, "coordinate_transformation_mode") !== undefined) return [node];
  const [x = "", scalesName = ""] = node.input;
  const linear = stringAttribute(node, "mode", "nearest") !== "nearest";
  const scales = context.constant(scalesName)?.data as Float32Array | undefined;
  const changed = scales && Array.from(scales)
    .filter((scale) => scale !== 1 && !Number.isInteger(1 / scale));
  const grows = changed?.every((scale) => scale > 1);
  const shrinks = changed?.every((scale) => scale < 1);
  if (!linear && !grows && !shrinks) {
    return context.refuse(
      node,
      scales === undefined
        ? "picks the nearest by scales that are not constant, so which side is not known"
        : "picks the nearest where one dimension grows and another shrinks",
    );
  }
  const attributes = {
    coordinate_transformation_mode: "asymmetric",
    ...(linear ? {} : { nearest_mode: grows ? "floor" : "ceil" }),
  };
  return [{ ...withAttributes(node, attributes), input: [x, "", scalesName] }];
}

/** Where an input was not optional yet, an empty tensor stood for none. */
function dropEmptyInputs(node: NodeProto, context: Context): NodeProto[] {
  if (stringAttribute(node, "coordinate_transformation_mode") === "tf_half_pixel_for_nn") {
    return context.refuse(node, "maps by tf_half_pixel_for_nn, which opset 13 took away");
  }
  const input = node.input.map((name, i) =>
    i > 0 && context.constant(name)?.data.length === 0 ? "" : name
  );
  return [{ ...node, input }];
}

function nameRoiCoordinates(node: NodeProto): NodeProto[] {
  return [withAttributes(node, { coordinate_transformation_mode: "output_half_pixel" })];
}

function refuseScan(node: NodeProto, context: Context): NodeProto[] {
  return context.refuse(node, "scans a batch at once, which opset 9 took away");
}

function renameScatter(node: NodeProto): NodeProto[] {
  return [{ ...node, opType: "ScatterElements" }];
}

function rangesToInputs(node: NodeProto, context: Context): NodeProto[] {
  const added: NodeProto[] = [];
  const input = (name: string) => {
    const values = bigintsAttribute(node, name);
    return values ? constant(node, name, int64([values.length], values), context, added) : "";
  };
  const inputs = [node.input[0]!, input("starts"), input("ends"), input("axes")];
  return [...added, {
    ...withAttributes(node, { starts: undefined, ends: undefined, axes: undefined }),
    input: withoutTrailing(inputs),
  }];
}

function lengthsToInput(node: NodeProto, context: Context): NodeProto[] {
  const lengths = bigintsAttribute(node, "split");
  if (lengths === undefined) return [node];
  const added: NodeProto[] = [];
  const name = constant(node, "split", int64([lengths.length], lengths), context, added);
  const input = [node.input[0]!, name];
  return [...added, { ...withAttributes(node, { split: undefined }), input }];
}

function countOutputs(node: NodeProto): NodeProto[] {
  return node.input[1] ? [node] : [withAttributes(node, { num_outputs: node.output.length })];
}

function countToInput(node: NodeProto, context: Context): NodeProto[] {
  const added: NodeProto[] = [];
  const k = constant(node, "k", int64([1], [intAttribute(node, "k", 1)]), context, added);
  return [...added, { ...withAttributes(node, { k: undefined }), input: [node.input[0]!, k] }];
}

function scalesToInput(node: NodeProto, context: Context): NodeProto[] {
  const scales = floatsAttribute(node, "scales") ?? [];
  const added: NodeProto[] = [];
  const name = constant(node, "scales", float32([scales.length], scales), context, added);
  return [...added, {
    ...withAttributes(node, { scales: undefined }),
    input: [node.input[0]!, name],
  }];
}

/** Upsample only grows, so the nearest is the one below even where the scales are not constant. */
function upsampleToResize(node: NodeProto, context: Context): NodeProto[] {
  const [x = "", scales = ""] = node.input;
  const resize = { ...node, opType: "Resize" };
  if (stringAttribute(node, "mode", "nearest") !== "nearest" || context.constant(scales)) {
    return [resize];
  }
  // Written as opset 11 does: the step to 11 would refuse scales that it cannot see.
  const attributes = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
  return [{ ...withAttributes(resize, attributes), input: [x, "", scales] }];
}

/** Adds a Constant node and gives the name of its value. */
function constant(
  node: NodeProto,
  what: string,
  tensor: Tensor,
  context: Context,
  added: NodeProto[],
): string {
  const name = context.fresh(`${node.name || node.output[0]}_${what}`);
  // A node and not an initializer, which files before IR 4 would have to list as an input.
  const made = makeNode("Constant", [], [name], { value: makeTensorProto("", tensor) });
  context.made(made);
  added.push(made);
  return name;
}

/** Adds a scalar of the type of the node's data, as min, max and padding must be. */
function scalar(
  node: NodeProto,
  what: string,
  value: number,
  context: Context,
  added: NodeProto[],
): string {
  const type = context.floatType(node.input[0]!);
  const tensor = (): Tensor => {
    switch (type) {
      case DataType.FLOAT:
        return float32([], [value]);
      case DataType.FLOAT16:
        return { type: "float16", dims: [], data: Float16Elements.of(value) };
      case DataType.DOUBLE:
        return { type: "float64", dims: [], data: Float64Array.of(value) };
      default:
        return context.refuse(
          node,
          `needs a "${what}" of the type of its data, which is not known`,
        );
    }
  };
  return constant(node, what, tensor(), context, added);
}

function int64(dims: readonly number[], values: readonly (number | bigint)[]): Tensor<"int64"> {
  return { type: "int64", dims, data: BigInt64Array.from(values, BigInt) };
}

/** Optional inputs at the end are left out, not named "". */
function withoutTrailing(inputs: readonly string[]): string[] {
  const last = inputs.findLastIndex((name) => name !== "");
  return inputs.slice(0, last + 1);
}
