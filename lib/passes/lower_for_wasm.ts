import { Model } from "../onnx/model.ts";
import type { GraphProto, ModelProto } from "../onnx/onnx_pb.ts";
import { raiseOpset } from "../onnx/opset.ts";
import { convToGemm, type ConvToGemmOptions } from "./conv_to_gemm.ts";
import { convTransposeToConv } from "./conv_transpose_to_conv.ts";
import { dropIdentity } from "./drop_identity.ts";
import { dropIdleReshapes } from "./drop_idle_reshapes.ts";
import { dropNoOps } from "./drop_no_ops.ts";
import { fixReshapes } from "./fix_reshapes.ts";
import { withFixedInputs } from "./fixed_inputs.ts";
import { gatherToSlices } from "./gather_to_slices.ts";
import { hoistConstants } from "./hoist_constants.ts";
import { lowerConv3d } from "./lower_conv3d.ts";
import { lowerPool3d } from "./lower_pool3d.ts";
import { mergeAffine } from "./merge_affine.ts";
import { mergeConstants } from "./merge_constants.ts";
import { mergeNodes } from "./merge_nodes.ts";
import { everywhere, type Pass, type PassContext, rootContext, untilStable } from "./pass.ts";
import { readParts } from "./read_parts.ts";
import { removeDead } from "./remove_dead.ts";
import type { RewriteOptions } from "./replacement.ts";
import type { OpenDimension, ShapeMap } from "../onnx/shape_map.ts";
import { scatterToConcat } from "./scatter_to_concat.ts";
import { sinkLayout } from "./sink_layout.ts";
import { swapReluMaxPool } from "./swap_relu_max_pool.ts";

/** Oldest operator set that the rewrites write for. */
const LOWERED_OPSET = 13;

/**
 * Options for {@linkcode lowerForWasm}: of each rewrite its own, or false to leave it out.
 * @category Passes (advanced)
 */
export interface LowerForWasmOptions {
  /** Writes Conv3d as Conv over frames. @default {every Conv3d} */
  conv3d?: RewriteOptions | false;
  /** Writes 3d pools as 2d ones. @default {every pool of single frames} */
  pool3d?: RewriteOptions | false;
  /** Writes ConvTranspose as a Conv for each phase: pays where these are int8. @default {false} */
  convTranspose?: RewriteOptions | false;
  /** Writes Conv on small maps as matrix products. @default {every Conv that is estimated to be faster so} */
  convToGemm?: ConvToGemmOptions | false;
  /** Writes ScatterND as Concat. @default {every ScatterND that overwrites one stretch} */
  scatter?: RewriteOptions | false;
  /** Writes Gather as Slices. @default {every Gather of a few stretches, number by number} */
  gather?: RewriteOptions | false;
  /** Puts a MaxPool before the Relu that it reads: pays only where the Conv before the Relu stays float32 and what follows is int8. @default {false} */
  swapReluMaxPool?: RewriteOptions | false;
}

/**
 * A model after {@linkcode lowerForWasm}.
 * @category Passes (advanced)
 */
export class LoweredModel extends Model {
  /**
   * Dimensions that were open before and have the sample's length now, also in the types that the
   * model states for its inputs. The batch is not among them, if the network took others before.
   */
  readonly fixed: readonly OpenDimension[];

  /** @ignore */
  constructor(proto: ModelProto, options: { name: string; fixed: readonly OpenDimension[] }) {
    super(proto, options);
    this.fixed = options.fixed;
  }
}

/**
 * Rewrites a float32 network so that onnxruntime-web's WASM kernels have less to do, and int8 kernels
 * exist for more of it. The same numbers but for the order of sums:
 *
 * - Conv3d becomes Conv over frames, pools of single frames become 2d, and frames stay in front of the channels from one to the next.
 * - Conv on small maps becomes Gemm, in the form that is estimated to be the fastest, and channels stay last between neighbours.
 * - A ScatterND that overwrites a stretch becomes a Concat, a Gather of
 *   stretches becomes Slices, and what is taken out of a Concat is read
 *   from its parts.
 * - Shapes that are computed but always the same become constants;
 *   Transposes and Reshapes that undo each other go, nodes that compute the same become one.
 *
 * Fuse first. The shapes have to be those of this very model, see {@linkcode learnShapes}.
 *
 * @returns The model in opset 13 or later; itself if there is nothing to do. A batch of another size
 * than the sample's is welcome wherever it was before; other open dimensions that a rewrite depends on
 * now have the sample's length, see {@linkcode LoweredModel.fixed}.
 * @throws {UserError} If the model's opset cannot be raised to 13.
 * @example
 * ```ts
 * import { float32Tensor } from "octavo";
 * import { learnShapes, LoweredModel, lowerForWasm, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 1, 4, 4, 4]; output y float32[N, 1, 4, 2, 2]
 *   y = MaxPool(x) {kernel_shape=[1, 2, 2], strides=[1, 2, 2]}`);
 * const shapes = await learnShapes(model, { x: float32Tensor([1, 1, 4, 4, 4], new Float32Array(64)) });
 * const lowered = lowerForWasm(model, shapes);
 * assert.ok(lowered instanceof LoweredModel);
 * assert.deepEqual(lowered.graph.node.map((node) => node.opType), ["Reshape", "MaxPool", "Reshape"]);
 * ```
 * @category Passes (advanced)
 */
export function lowerForWasm(
  model: Model,
  shapes: ShapeMap,
  options: LowerForWasmOptions = {},
): Model {
  const raised = raiseOpset(model, LOWERED_OPSET);
  const known = shapes.afresh();
  const context = rootContext(raised.graph);
  const graph = hoistConstants(
    passesOf(known, options).reduce(
      (graph, pass) => everywhere(pass)(graph, context),
      raised.graph,
    ),
    context,
  );
  if (graph === raised.graph) return model;
  const fixed = known.fixed;
  const proto = { ...raised.proto, graph: withFixedInputs(graph, fixed) };
  return new LoweredModel(proto, { name: model.name, fixed });
}

function passesOf(shapes: ShapeMap, options: LowerForWasmOptions): Pass[] {
  const simplify = untilStable([
    dropNoOps,
    dropIdentity,
    (graph, context) => readParts(graph, shapes, context),
    (graph, context) => dropIdleReshapes(graph, shapes, context),
    (graph, context) => sinkLayout(graph, shapes, context),
    mergeAffine, // what stood between Reshapes and Transposes is a chain by now
    mergeConstants, // nodes are alike only if they read the same shapes and indices
    mergeNodes,
    removeDead,
  ]);
  const fix: Pass = (graph, context) => fixReshapes(graph, shapes, {}, context);
  const { conv3d = {}, pool3d = {}, convToGemm: gemm = {}, swapReluMaxPool: swap = false } =
    options;
  const { scatter = {}, gather = {}, convTranspose: transpose = false } = options;
  return [
    fix,
    removeDead,
    unlessFalse(
      scatter,
      (graph, options, context) => scatterToConcat(graph, shapes, options, context),
    ),
    unlessFalse(
      gather,
      (graph, options, context) => gatherToSlices(graph, shapes, options, context),
    ),
    unlessFalse(swap, (graph, options, context) => swapReluMaxPool(graph, options, context)),
    unlessFalse(conv3d, (graph, options, context) => lowerConv3d(graph, shapes, options, context)),
    simplify,
    unlessFalse(pool3d, (graph, options, context) => lowerPool3d(graph, shapes, options, context)),
    simplify,
    unlessFalse(
      transpose,
      (graph, options, context) => convTransposeToConv(graph, shapes, options, context),
    ),
    simplify,
    unlessFalse(gemm, (graph, options, context) => convToGemm(graph, shapes, options, context)),
    simplify,
    fix, // again, since what was open may be fixed by now
    mergeConstants,
    removeDead,
  ];
}

/** A pass with its options; one that does nothing in place of false. */
function unlessFalse<O>(
  options: O | false,
  pass: (graph: GraphProto, options: O, context?: PassContext) => GraphProto,
): Pass {
  return (graph, context) => options === false ? graph : pass(graph, options, context);
}
