import { lookUp } from "../look_up.ts";
import {
  floatAttribute,
  intAttribute,
  isStandard,
  stringAttribute,
  stringsAttribute,
} from "../onnx/node.ts";
import { type NodeProto, type TensorProto, TensorProto_DataType } from "../onnx/onnx_pb.ts";
import { float32 } from "../tensor/tensor.ts";
import type { Emitter } from "./emitter.ts";

/** A GRU or RNN node, read. */
export interface RecurrentLayer {
  readonly node: NodeProto;
  /** For each direction, whether it goes from the last step to the first. */
  readonly reversed: readonly boolean[];
  /** Number of hidden units of a direction. */
  readonly hidden: number;
  /** Activation operators of each direction, in the order of ONNX. */
  readonly activations: readonly (readonly string[])[];
  /** Bound of what goes into activations. */
  readonly clip?: number;
  /** Whether batches come before time steps: `layout` is 1. */
  readonly batchFirst: boolean;
  readonly x: string;
  readonly weight: string;
  readonly recurrence: string;
  readonly bias?: string;
  readonly lengths?: string;
  readonly initial?: string;
}

/** Writes the bound on what goes into an activation, if the layer has one. */
export function clipped(emit: Emitter, layer: RecurrentLayer, x: string): string {
  const { clip } = layer;
  if (clip === undefined) return x;
  const [low, high] = [-clip, clip].map((bound) => emit.constant("clip", float32([], [bound])));
  return emit.add("Clip", [x, low!, high!]);
}

/** Activations that are operators of their own, without parameters. */
const ACTIVATIONS = new Set(["Relu", "Sigmoid", "Softplus", "Softsign", "Tanh"]);

/** Default activations of one direction. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  GRU: ["Sigmoid", "Tanh"],
  RNN: ["Tanh"],
};

/**
 * Reads a GRU or RNN node.
 *
 * @returns The layer, or why it has no form in plain operators here.
 * @see {@link https://onnx.ai/onnx/operators/onnx__GRU.html}
 */
export function readRecurrent(
  node: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): RecurrentLayer | string {
  const defaults = isStandard(node) ? lookUp(DEFAULTS, node.opType) : undefined;
  if (!defaults) return `${node.opType} is neither GRU nor RNN`;
  const [x = "", weight = "", recurrence = "", bias, lengths, initial] = node.input;

  const stored = [weight, recurrence, bias].map((name) => constants.get(name ?? ""));
  if (stored.some((tensor) => tensor && tensor.dataType !== TensorProto_DataType.FLOAT)) {
    return "its weights are not float32";
  }
  const hidden = intAttribute(node, "hidden_size") ?? Number(stored[1]?.dims[2] ?? 0n);
  if (hidden <= 0) return "its hidden size is not known";

  const direction = stringAttribute(node, "direction", "forward");
  const reversed = direction === "bidirectional" ? [false, true] : [direction === "reverse"];
  const named = stringsAttribute(node, "activations") ?? reversed.flatMap(() => defaults);
  const foreign = named.find((name) => !ACTIVATIONS.has(name));
  if (foreign !== undefined) {
    return `its activation ${foreign} is not one of ${[...ACTIVATIONS].join(", ")}`;
  }
  const perDirection = defaults.length;
  if (named.length !== perDirection * reversed.length) {
    return `it names ${named.length} activations instead of ${perDirection * reversed.length}`;
  }
  const clip = floatAttribute(node, "clip");
  return {
    node,
    reversed,
    hidden,
    activations: reversed.map((_, d) => named.slice(d * perDirection, (d + 1) * perDirection)),
    ...clip !== undefined && clip > 0 ? { clip } : {},
    batchFirst: intAttribute(node, "layout", 0) === 1,
    x,
    weight,
    recurrence,
    ...bias ? { bias } : {},
    ...lengths ? { lengths } : {},
    ...initial ? { initial } : {},
  };
}
