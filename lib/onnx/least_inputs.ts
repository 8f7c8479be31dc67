/** Operators of the standard by how many inputs they have at least, in any version from opset 7 on. */
const OPERATORS: Readonly<Record<number, string>> = {
  1: "Abs Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh AveragePool Bernoulli BitCast BitwiseNot " +
    "BlackmanWindow Cast Ceil Celu Clip Concat ConcatFromSequence ConstantOfShape Cos Cosh DFT " +
    "DepthToSpace Det Dropout DynamicQuantizeLinear Einsum Elu Erf Exp EyeLike Flatten Floor Gelu " +
    "GlobalAveragePool GlobalLpPool GlobalMaxPool HammingWindow HannWindow HardSigmoid HardSwish " +
    "Hardmax Identity If ImageDecoder IsInf IsNaN LRN LeakyRelu Log LogSoftmax LpNormalization " +
    "LpPool Max MaxPool Mean MeanVarianceNormalization Min Mish Multinomial Neg NonZero Not " +
    "OptionalGetElement Pad RandomNormalLike RandomUniformLike Reciprocal ReduceL1 ReduceL2 " +
    "ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum " +
    "ReduceSumSquare RegexFullMatch Relu Resize Round Selu SequenceConstruct SequenceErase " +
    "SequenceLength SequenceMap Shape Shrink Sigmoid Sign Sin Sinh Size Slice Softmax Softplus " +
    "Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze StringNormalizer StringSplit Sum " +
    "Swish Tan Tanh TfIdfVectorizer ThresholdedRelu TopK Transpose Trilu Unique Unsqueeze Upsample",
  2: "Add AffineGrid And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike CausalConvWithState " +
    "CenterCropPad Compress Conv ConvInteger ConvTranspose CumProd CumSum DequantizeLinear Div " +
    "Equal Expand Gather GatherElements GatherND Gemm Greater GreaterOrEqual GridSample " +
    "LayerNormalization Less LessOrEqual MatMul MatMulInteger MaxRoiPool MaxUnpool Mod Mul " +
    "NegativeLogLikelihoodLoss NonMaxSuppression Or PRelu Pow QuantizeLinear RMSNormalization " +
    "Reshape ReverseSequence STFT SequenceAt SequenceInsert SoftmaxCrossEntropyLoss StringConcat " +
    "Sub SwiGLU TensorScatter Tile Xor",
  3: "Attention Col2Im DeformConv GRU GroupNormalization InstanceNormalization LSTM " +
    "LinearAttention OneHot RNN Range RoiAlign RotaryEmbedding Scatter ScatterElements ScatterND " +
    "Where",
  5: "BatchNormalization MelWeightMatrix",
  8: "QLinearConv QLinearMatMul",
};

/** How many inputs an operator cannot do without: the first ones, none of them left out. */
export const LEAST_INPUTS: ReadonlyMap<string, number> = new Map(
  Object.entries(OPERATORS).flatMap(([count, names]) =>
    names.split(" ").map((name) => [name, Number(count)] as const)
  ),
);
