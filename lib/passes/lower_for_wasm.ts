import { Model } from "../onnx/model.ts";
import type { GraphProto, ModelProto, ValueInfoProto } from "../onnx/onnx_pb.ts";
import { raiseOpset } from "../onnx/opset.ts";
import { convToGemm, type ConvToGemmOptions } from "./conv_to_gemm.ts";
import { dropIdleReshapes } from "./drop_idle_reshapes.ts";
import { dropNoOps } from "./drop_no_ops.ts";
import { fixReshapes } from "./fix_reshapes.ts";
import { lowerConv3d, type LowerConv3dOptions } from "./lower_conv3d.ts";
import { lowerPool3d, type LowerPool3dOptions } from "./lower_pool3d.ts";
import { mergeConstants } from "./merge_constants.ts";
import { mergeNodes } from "./merge_nodes.ts";
import { everywhere, type Pass, type PassContext, rootContext, untilStable } from "./pass.ts";
import { removeDead } from "./remove_dead.ts";
import type { OpenDimension, ShapeMap } from "./shapes.ts";
import { sinkLayout } from "./sink_layout.ts";
import { swapReluMaxPool, type SwapReluMaxPoolOptions } from "./swap_relu_max_pool.ts";

/** Oldest operator set that the rewrites write for. */
const LOWERED_OPSET = 13;

/** Options for {@linkcode lowerForWasm}: of each rewrite its own, or false to leave it out. */
export interface LowerForWasmOptions {
  /** @default {every Conv3d} */
  conv3d?: LowerConv3dOptions | false;
  /** @default {every pool of single frames} */
  pool3d?: LowerPool3dOptions | false;
  /** @default {every Conv that its cheapest form makes faster} */
  convToGemm?: ConvToGemmOptions | false;
  /** Pays only where the Conv before the Relu stays float32 and what follows is int8. @default {false} */
  swapReluMaxPool?: SwapReluMaxPoolOptions | false;
}

/** A model after {@linkcode lowerForWasm}. */
export class LoweredModel extends Model {
  /**
   * Dimensions that were open before and have the sample's length now, also in the types that the
   * model states for its inputs. The batch is not among them, if the network took others before.
   */
  readonly fixed: readonly OpenDimension[];

  constructor(proto: ModelProto, options: { name: string; fixed: readonly OpenDimension[] }) {
    super(proto, options);
    this.fixed = options.fixed;
  }
}

export function lowerForWasm(
  model: Model,
  shapes: ShapeMap,
  options: LowerForWasmOptions = {},
): Model {
  const raised = raiseOpset(model, LOWERED_OPSET);
  const known = shapes.afresh();
  const context = rootContext(raised.graph);
  const graph = passesOf(known, options).reduce(
    (graph, pass) => everywhere(pass)(graph, context),
    raised.graph,
  );
  if (graph === raised.graph) return model;
  const fixed = known.fixed;
  const input = graph.input.map((info) => withLengths(info, fixed));
  const proto = { ...raised.proto, graph: { ...graph, input } };
  return new LoweredModel(proto, { name: model.name, fixed });
}

function passesOf(shapes: ShapeMap, options: LowerForWasmOptions): Pass[] {
  const simplify = untilStable([
    dropNoOps,
    (graph, context) => dropIdleReshapes(graph, shapes, context),
    (graph, context) => sinkLayout(graph, shapes, context),
    mergeNodes,
    removeDead,
  ]);
  const { conv3d = {}, pool3d = {}, convToGemm: gemm = {}, swapReluMaxPool: swap = false } =
    options;
  return [
    (graph, context) => fixReshapes(graph, shapes, {}, context),
    removeDead,
    ...swap ? [(g: GraphProto, c?: PassContext) => swapReluMaxPool(g, swap, c)] : [],
    ...conv3d ? [(g: GraphProto, c?: PassContext) => lowerConv3d(g, shapes, conv3d, c)] : [],
    simplify,
    ...pool3d ? [(g: GraphProto, c?: PassContext) => lowerPool3d(g, shapes, pool3d, c)] : [],
    simplify,
    ...gemm ? [(g: GraphProto, c?: PassContext) => convToGemm(g, shapes, gemm, c)] : [],
    simplify,
    mergeConstants,
    removeDead,
  ];
}

function withLengths(info: ValueInfoProto, fixed: readonly OpenDimension[]): ValueInfoProto {
  const kind = info.type?.value;
  if (kind?.case !== "tensorType" || !kind.value.shape) return info;
  const dim = kind.value.shape.dim.map((old, axis) => {
    const known = fixed.find(({ places }) =>
      places.some((place) => place.input === info.name && place.axis === axis)
    );
    if (!known) return old;
    return { ...old, value: { case: "dimValue" as const, value: BigInt(known.length) } };
  });
  const value = { ...kind.value, shape: { ...kind.value.shape, dim } };
  return { ...info, type: { ...info.type!, value: { case: "tensorType", value } } };
}
