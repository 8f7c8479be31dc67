import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor_proto.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { knownObstacle } from "./known_weights.ts";
import { weightObstacle, worstOf } from "./read_weights.ts";
import { clipBounds, constantScalar } from "./absorbed_operators.ts";
import { slowBecause } from "./slow_kernels.ts";

/**
 * What the int8 kernels of onnxruntime-web 1.30 demand of each operator: encoded here once, with the
 * reason. Ratios are of the int8 kernel's time to float32's, one thread.
 *
 * - `compute` operators (Conv, Gemm, MatMul) gain from int8, so a qconfig decides for them (kernel facts
 *   int8-conv, int8-gemm).
 * - `follow` operators cost less than a change of precision around them (kernel facts int8-add,
 *   int8-concat): they are int8 where all they read is int8 and someone reads the result as int8, and
 *   stay float32 elsewhere.
 * - `carry` operators only move values: as `follow`, and the result keeps the scale of the input.
 */
export interface StaticOperator {
  readonly role: "compute" | "follow" | "carry";
  /** Inputs that carry activations, others being shapes, axes and the like. @default {all} */
  readonly inputs?: readonly number[];
  /** Why this node cannot be static, if so. */
  readonly obstacle?: (node: NodeProto, facts: GraphFacts) => string | undefined;
  /** Why its int8 kernel is slower than float32's, if so. */
  readonly slow?: (node: NodeProto, facts: GraphFacts) => string | undefined;
  /** Operators that may run inside it when they alone read its result. */
  readonly absorbs?: readonly string[];
  /**
   * Whether a `carry` operator is written on integers in QDQ too: between DequantizeLinear and
   * QuantizeLinear the runtime would compute it in float32.
   */
  readonly onIntegers?: true;
}

const always = (reason: string) => () => reason;

/** An operator that only moves the values of its first input. */
function carry(more: Omit<StaticOperator, "role" | "inputs"> = {}): StaticOperator {
  return { role: "carry", inputs: [0], ...more };
}

const RELUS = ["Relu", "Clip"];

/** Operators that can be static int8, by type. */
export const STATIC_OPERATORS: ReadonlyMap<string, StaticOperator> = new Map(
  Object.entries<StaticOperator>({
    Conv: {
      role: "compute",
      absorbs: RELUS,
      obstacle: (node, facts) =>
        weightObstacle(node.input[1], facts) ?? knownObstacle(node, facts) ??
          biasObstacle(node, 2, facts),
      slow: slowConv,
    },
    Gemm: {
      role: "compute",
      absorbs: RELUS,
      obstacle: (node, facts) =>
        weightObstacle(node.input[1], facts) ?? knownObstacle(node, facts) ?? gemmObstacle(node) ??
          gemmBiasObstacle(node, facts),
    },
    MatMul: { role: "compute", absorbs: ["Add", ...RELUS], obstacle: matMulObstacle },

    Add: { role: "follow", absorbs: RELUS },
    AveragePool: {
      role: "follow",
      obstacle: (node) =>
        intsAttribute(node, "dilations", []).some((dilation) => dilation !== 1)
          ? "int8 AveragePool knows no dilations"
          : undefined,
      slow: always(slowBecause("int8-average-pool")),
    },
    Clip: {
      role: "follow",
      inputs: [0],
      // Between uint8 a Clip is a change of scale, if zero lies within its bounds.
      obstacle: (node, facts) =>
        clipBounds(node, facts) ? undefined : "its bounds are not constants around zero",
    },
    Concat: { role: "follow" },
    GlobalAveragePool: { role: "follow" },
    LeakyRelu: { role: "follow" },
    Mul: { role: "follow", absorbs: RELUS },
    Relu: { role: "follow" },
    Sigmoid: { role: "follow" },
    Softmax: { role: "follow", slow: always(slowBecause("int8-softmax")) },
    Where: { role: "follow", inputs: [1, 2] },

    DepthToSpace: carry(),
    Expand: carry(),
    Flatten: carry(),
    Gather: carry({ obstacle: tableObstacle }),
    GatherElements: carry({ obstacle: tableObstacle, onIntegers: true }),
    MaxPool: carry({
      obstacle: (node) => node.output[1] ? "it also gives the indices of the maxima" : undefined,
      slow: (node, facts) =>
        (facts.spatialDims(node) ?? 2) > 2 ? slowBecause("int8-max-pool3d") : undefined,
    }),
    Pad: carry({
      obstacle: (node, facts) => padsZeros(node, facts) ? undefined : "it pads with other than 0",
      onIntegers: true,
    }),
    Reshape: carry(),
    Resize: carry({
      obstacle: resizeObstacle,
      slow: always(slowBecause("int8-resize")),
    }),
    Slice: carry(),
    SpaceToDepth: carry({ onIntegers: true }),
    Split: carry(),
    Squeeze: carry(),
    Tile: carry(),
    Transpose: carry(),
    Unsqueeze: carry(),
  }),
);

/** Why float32 is the only form of an operator that is not in the table. */
export const NO_STATIC_KERNEL: ReadonlyMap<string, string> = new Map([
  ["GRU", "no int8 GRU kernel"],
  ["RNN", "no int8 RNN kernel"],
  ["LSTM", "the int8 LSTM kernel is dynamic only"],
  ["ConvTranspose", "no int8 ConvTranspose kernel"],
  ["HardSigmoid", "as Mul, Add and Clip in int8 it is no faster than between changes of precision"],
  ["HardSwish", "as four operators in int8 it is slower than between two changes of precision"],
  ["InstanceNormalization", "it normalises in float32 between two changes of precision"],
  ["LayerNormalization", "it normalises in float32 between two changes of precision"],
  ["ReduceMean", "no int8 kernel; fuse() makes a GlobalAveragePool of the mean over a map"],
  ["BatchNormalization", "no int8 kernel; fuse() folds it where a Conv or Gemm stands before it"],
]);

function biasObstacle(node: NodeProto, input: number, facts: GraphFacts): string | undefined {
  const name = node.input[input];
  const bias = facts.floatConstant(name);
  if (bias && worstOf(bias) === "infinite") return "its bias holds infinities";
  return !name || bias ? undefined : "its bias is not a float32 constant";
}

/** The kernels add one number to each channel. */
function gemmBiasObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const obstacle = biasObstacle(node, 2, facts);
  const bias = facts.floatConstant(node.input[2]);
  if (obstacle || !bias) return obstacle;
  const dims = dimsOf(bias);
  const rows = dims.length === 2 ? dims[0]! : 1;
  return rows === 1 ? undefined : "its bias differs between rows";
}

/** QGemm scales the bias by both scales at once, which holds for alpha = beta = 1 only. */
function gemmObstacle(node: NodeProto): string | undefined {
  if (intAttribute(node, "transA", 0) !== 0) return "Gemm with transA has no int8 kernel";
  const plain = floatAttribute(node, "alpha", 1) === 1 && floatAttribute(node, "beta", 1) === 1;
  return plain ? undefined : "Gemm with alpha or beta other than 1 has no int8 kernel";
}

function matMulObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  const [left, right] = node.input;
  if (facts.isConstant(left)) return "its left side is a constant";
  if (!facts.isConstant(right)) return undefined; // activations on both sides
  return weightObstacle(right, facts) ?? knownObstacle(node, facts);
}

function tableObstacle(node: NodeProto, facts: GraphFacts): string | undefined {
  return facts.isConstant(node.input[0]) ? "it looks up a table of constants" : undefined;
}

function resizeObstacle(node: NodeProto): string | undefined {
  if (stringAttribute(node, "mode", "nearest") === "cubic") {
    return "cubic interpolation leaves the range of its input";
  }
  const mode = stringAttribute(node, "coordinate_transformation_mode", "half_pixel");
  return mode === "tf_crop_and_resize" ? "it extrapolates by a number of its own" : undefined;
}

/** Whether a Pad makes values of none but its input's, and zeros. */
function padsZeros(node: NodeProto, facts: GraphFacts): boolean {
  if (stringAttribute(node, "mode", "constant") !== "constant") return true;
  const value = node.input[2];
  return !value || constantScalar(value, facts) === 0;
}

/** Fewest input channels for which the int8 Conv3d kernel was faster (32); with 1 it is slow. */
const CONV3D_CHANNELS = 8;

function slowConv(node: NodeProto, facts: GraphFacts): string | undefined {
  const dims = facts.floatConstant(node.input[1])?.dims;
  if (!dims) return undefined;
  const inputsPerGroup = Number(dims[1]);
  const group = intAttribute(node, "group", 1);
  if (group > 1 && inputsPerGroup === 1) return slowBecause("int8-depthwise-conv");
  if (dims.length === 5 && inputsPerGroup < CONV3D_CHANNELS) {
    const channels = `input channel${inputsPerGroup > 1 ? "s" : ""}`;
    return slowBecause("int8-thin-conv3d", `Conv3d over ${inputsPerGroup} ${channels}`);
  }
  return undefined;
}
