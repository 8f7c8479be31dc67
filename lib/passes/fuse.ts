import { JUPYTER_DISPLAY, type MimeBundle, type Table, table } from "../display.ts";
import { UserError } from "../errors.ts";
import { sortTopologically } from "../onnx/graph.ts";
import { Model, type ModelOptions } from "../onnx/model.ts";
import { modulePaths } from "../onnx/module_path.ts";
import type { ModelProto } from "../onnx/onnx_pb.ts";
import { OLDEST_OPSET } from "../onnx/raise_proto.ts";
import { absorbIntoConsumer } from "./absorb_into_consumer.ts";
import { biasBeforeReshape } from "./bias_before_reshape.ts";
import { dequantizeWeights } from "./dequantize_weights.ts";
import { dropDropout } from "./drop_dropout.ts";
import { dropIdentity } from "./drop_identity.ts";
import { dropNanGuards } from "./drop_nan_guards.ts";
import { dropNoOps } from "./drop_no_ops.ts";
import { dropUnchangedStates } from "./drop_unchanged_states.ts";
import { dropZeroStates } from "./drop_zero_states.ts";
import { einsumToMatMul } from "./einsum_to_matmul.ts";
import { foldConstants } from "./fold_constants.ts";
import { foldIntoConv } from "./fold_into_conv.ts";
import { foldIntoLinear } from "./fold_into_linear.ts";
import { type FusedGroup, fusedGroups } from "./fused_group.ts";
import { inlineBranches } from "./inline_branches.ts";
import { hoistConstants } from "./hoist_constants.ts";
import { joinKeyTransposes } from "./join_key_transposes.ts";
import { liftConstants } from "./lift_constants.ts";
import { lowerBatchNorm } from "./lower_batch_norm.ts";
import { matrixWeights } from "./matrix_weights.ts";
import { matMulAddToGemm } from "./matmul_add_to_gemm.ts";
import { mergeAffine } from "./merge_affine.ts";
import { mergeConstants } from "./merge_constants.ts";
import { everywhere, type Pass, type PassOptions, rootContext, untilStable } from "./pass.ts";
import { moveDequantized } from "./move_dequantized.ts";
import { plainGemm } from "./plain_gemm.ts";
import { poolMeans } from "./pool_means.ts";
import { raiseFloats } from "./raise_floats.ts";
import { removeDead } from "./remove_dead.ts";
import { splitFused } from "./split_fused.ts";

/**
 * Options for {@linkcode fuse}.
 * @category Steps
 */
export interface FuseOptions extends PassOptions {
  /**
   * Passes of your own, run in all bodies after the built-in ones. Where one changes something, all run
   * again until none does: what a pass leaves behind is folded and cleaned up as well. @default {none}
   */
  passes?: readonly Pass[];
}

/**
 * A model after {@linkcode fuse}. Shows in a notebook what was fused, and prints it as text.
 * @category Steps
 */
export class FusedModel extends Model {
  /** Layers that run as one. */
  readonly fused: readonly FusedGroup[];

  /** @ignore */
  constructor(
    proto: ModelProto,
    options: ModelOptions & { readonly fused: readonly FusedGroup[] },
  ) {
    super(proto, options);
    this.fused = options.fused;
  }

  /** One row for each group. */
  get table(): Table {
    return table(
      this.fused.map(({ modules, types, runsAs, why }) => ({
        modules: modules.join(", "),
        layers: types.join(" + "),
        "runs as": runsAs + (why === undefined ? "" : `, as ${why}`),
      })),
      ["modules", "layers", "runs as"],
    );
  }

  /** {@linkcode FusedModel.table} as text. */
  override toString(): string {
    return this.table.text;
  }

  /** @ignore */
  [JUPYTER_DISPLAY](): MimeBundle {
    return this.table[JUPYTER_DISPLAY]();
  }
}

/** What makes constants of all that is constant, and room for patterns to meet. */
const SIMPLIFY: readonly Pass[] = [
  liftConstants,
  dropIdentity,
  dropDropout,
  foldConstants,
  moveDequantized,
  dequantizeWeights,
  splitFused,
  plainGemm,
  einsumToMatMul,
  matrixWeights,
  biasBeforeReshape,
  dropNoOps,
  dropNanGuards,
  joinKeyTransposes,
  dropZeroStates,
  dropUnchangedStates,
  removeDead,
];

/** What merges neighbouring layers. */
const MERGE: readonly Pass[] = [matMulAddToGemm, foldIntoConv, foldIntoLinear, absorbIntoConsumer];

/** Each pass goes into all bodies before the next begins. */
const PASSES: readonly Pass[] = [
  everywhere(sortTopologically), // as ONNX demands, and not every exporter does
  untilStable([inlineBranches, ...[...SIMPLIFY, ...MERGE].map(everywhere)]),
  // Only what found no layer around it becomes nodes of its own, which may then meet each other.
  everywhere(lowerBatchNorm),
  everywhere(poolMeans),
  untilStable([...SIMPLIFY, ...MERGE, mergeAffine].map(everywhere)),
  everywhere(mergeConstants),
  hoistConstants,
  everywhere(removeDead),
];

/**
 * Rewrites a network into the same function with less to compute, as PyTorch's `fuse_modules` does but
 * by pattern, without lists of names:
 *
 * - Conv and ConvTranspose (1d to 3d) and Linear (Gemm, MatMul + Add) take in the BatchNormalization,
 *   and the Add, Sub, Mul and Div by constants, after them; and before them, where padding allows.
 *   A BatchNormalization that stands alone becomes a Mul and an Add, and so does a chain of those by constants.
 * - A Gemm does without factors and transA, an Einsum that is a product with a constant becomes a MatMul or a
 *   1x1 Conv, and what onnxruntime fused into operators of its own becomes the standard's again.
 * - MatMul + Add becomes Gemm where the input has two dimensions.
 * - A ReduceMean over all positions of a map becomes a GlobalAveragePool.
 * - What depends on constants alone is computed: the slices and concatenations that exporters put
 *   around the weights of recurrent layers. Constant nodes become initializers, equal ones one.
 * - What is computed in float16, bfloat16 or float64 is computed in float32, for which there are kernels;
 *   inputs and outputs keep their types.
 * - The keys of attention are turned by one Transpose, and a row of its Softmax is not looked at for NaN where
 *   no mask can make it that.
 * - An If whose condition is constant gives way to the branch that is taken.
 * - What a Loop or Scan only carries from step to step is read from outside by its body.
 * - Identity, Dropout, empty Casts and Transposes, initial states of zeros and all that no output needs
 *   are removed.
 *
 * Bodies of If, Loop and Scan are rewritten too. What trains (a BatchNormalization in training mode)
 * stays as it is, and so does a value that something else reads as well. A ReLU stays a node: ONNX has
 * no operator for both, and the runtime joins them by itself.
 *
 * Initializers that are listed as inputs, as in old files, are constants here and no longer inputs.
 *
 * @returns The model, with `fused` telling which layers run as one. Results differ from those of
 * `model` by rounding alone: weights are computed in float64 and rounded once.
 * @throws {UserError} If the model is of an opset before 7 or has no outputs, or `passes` come to no end.
 * @example
 * ```ts
 * import { fuse } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 1, L]
 *   output y float32[N, 1, L]
 *   tensor w float32[1, 1, 1] = [0.5]
 *   tensor one float32[1] = [1.0]
 *   h = Conv(x, w)
 *   y = BatchNormalization(h, one, one, one, one)`);
 * const { fused } = fuse(model);
 * assert.deepEqual(fused[0]!.types, ["Conv1d", "BatchNorm1d"]);
 * ```
 * @example A pass of your own: what comes out of a Relu has no sign for Abs to take off
 * ```ts
 * import { fuse, type Pass } from "octavo";
 * import { type NodeProto, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const dropIdleAbs: Pass = (graph, { origins }) => {
 *   const relus = new Set(
 *     graph.node.filter(({ opType }) => opType === "Relu").map(({ output }) => output[0]),
 *   );
 *   const isIdle = ({ opType, input }: NodeProto) => opType === "Abs" && relus.has(input[0]);
 *   if (!graph.node.some(isIdle)) return graph; // the same object: nothing to do
 *   const node = graph.node.map((old) => {
 *     if (!isIdle(old)) return old;
 *     const idle = { ...old, opType: "Identity" }; // which the built-in passes remove
 *     origins.inherit(idle, old);
 *     return idle;
 *   });
 *   return { ...graph, node };
 * };
 * const model = parseModel(`
 *   input x float32[N]
 *   output y float32[N]
 *   r = Relu(x); a = Abs(r); y = Sqrt(a)`);
 * const { graph } = fuse(model, { passes: [dropIdleAbs] });
 * assert.deepEqual(graph.node.map(({ opType }) => opType), ["Relu", "Sqrt"]);
 * ```
 * @category Steps
 */
export function fuse(model: Model, options: FuseOptions = {}): FusedModel {
  if (model.opset > 0 && model.opset < OLDEST_OPSET) {
    throw new UserError(
      `Cannot fuse ${model.name}: it uses opset ${model.opset}, whose operators broadcast by other ` +
        `rules; export it again with opset ${OLDEST_OPSET} or later`,
    );
  }
  if (model.graph.output.length === 0) {
    throw new UserError(`Cannot fuse ${model.name}: it has no outputs, so nothing of it is of use`);
  }
  const context = rootContext(model.graph, { opset: model.opset, ...options });
  const started = raiseFloats(freezeInitializers(model.proto), context);
  const graph = passesOf(model, options)(started.graph ?? model.graph, context);
  const paths = modulePaths(model.graph);
  const fused = fusedGroups(graph, context, (node) => paths.get(node) ?? "");
  const proto = graph === started.graph ? started : { ...started, graph };
  const bytes = proto === model.proto ? model.bytes() : undefined;
  const amendments = context.folding.exhausted ? [LEFT_TO_RUNTIME] : [];
  return new FusedModel(proto, { name: model.name, fused, bytes, amendments });
}

const LEFT_TO_RUNTIME =
  "nodes that depend on constants alone make more than can be computed ahead; some stay for the runtime";

/** The built-in passes, and with those of the user all of them until none finds anything to do. */
function passesOf(model: Model, { passes = [] }: FuseOptions): Pass {
  if (passes.length === 0) {
    return (graph, context) => PASSES.reduce((graph, pass) => pass(graph, context), graph);
  }
  const names = passes.map(({ name }) => name || "one without a name").join(", ");
  const endless = () =>
    new UserError(
      `Cannot fuse ${model.name}: your own passes (${names}) find something to do again and again; a ` +
        `pass must return the very graph that it was given where it changes nothing, and must not undo ` +
        `what a built-in pass does`,
    );
  return untilStable([...PASSES, ...passes.map(everywhere)], endless);
}

/**
 * Takes initializers from the list of inputs, where they say "a caller may override me". The file
 * format demands that of them up to IR version 3 and allows to leave it out since.
 */
function freezeInitializers(proto: ModelProto): ModelProto {
  const { graph } = proto;
  if (!graph) return proto;
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const input = graph.input.filter(({ name }) => !initializers.has(name));
  if (input.length === graph.input.length && proto.irVersion >= 4n) return proto;
  const irVersion = proto.irVersion < 4n ? 4n : proto.irVersion;
  return { ...proto, irVersion, graph: { ...graph, input } };
}
