import type { GraphProto } from "../onnx/onnx_pb.ts";
import { isStandard } from "../onnx/node.ts";
import type { ShapeMap } from "../onnx/shape_map.ts";
import { FAST_ACTIVATIONS } from "./fast_activations.ts";
import { FAST_BROADCAST } from "./fast_broadcast.ts";
import { FAST_CHANNELS } from "./fast_channels.ts";
import { FAST_EXPONENTIALS } from "./fast_exponentials.ts";
import { type FastForm, FormFacts, type FormWord } from "./fast_form.ts";
import { FAST_GELU } from "./fast_gelu.ts";
import { FAST_MOVES } from "./fast_moves.ts";
import { FAST_NORMS } from "./fast_norms.ts";
import { FAST_RESIZES } from "./fast_resize.ts";
import { inferShapes } from "./infer_shapes.ts";
import { knownBefore } from "./known_before.ts";
import { everywhere, type PassContext, rootContext, visibleConstants } from "./pass.ts";
import { replaceNodes, type RewriteOptions } from "./replacement.ts";

/**
 * Options for {@linkcode fastOperators}.
 * @category Passes (advanced)
 */
export interface FastOperatorsOptions extends RewriteOptions {
  /** Which forms may be written. @default {["identical", "exact"]} */
  words?: readonly FormWord[];
  /**
   * Shapes of the values, as {@linkcode learnShapes} finds them: small tensors keep operators that more
   * nodes would not make faster. @default {all are taken to be large, in bodies small}
   */
  shapes?: ShapeMap;
}

/** Rounds of forms: those of the second look at what the first have written, too. */
const ROUNDS: readonly (readonly FastForm[])[] = [
  [
    ...FAST_ACTIVATIONS,
    ...FAST_EXPONENTIALS,
    ...FAST_CHANNELS,
    ...FAST_NORMS,
    ...FAST_GELU,
    ...FAST_MOVES,
    ...FAST_RESIZES,
  ],
  FAST_BROADCAST,
];

/**
 * Writes elementwise operators that onnxruntime-web's WASM kernels run far slower than memory in a form that
 * they run fast, in bodies of If, Loop and Scan, too. Those that the runtime takes into a Conv before them,
 * or into a quantization behind them, are left. So it belongs at the end: after everything that looks for
 * these operators.
 *
 * The graph has to be of opset 13 or later.
 *
 * @returns The graph itself if there is nothing to do.
 * @example
 * ```ts
 * import { fastOperators, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const { graph } = parseModel(`
 *   input x float32[N, 8]; output y float32[N, 8]
 *   h = Add(x, x); y = Relu(h)`);
 * assert.deepEqual(fastOperators(graph).node.map(({ opType }) => opType), ["Add", "Max"]);
 * ```
 * @category Passes (advanced)
 */
export function fastOperators(
  graph: GraphProto,
  options: FastOperatorsOptions = {},
  context: PassContext = rootContext(graph),
): GraphProto {
  const { words = ["identical", "exact"], shapes, select = () => true } = options;
  const round = (root: GraphProto, forms: readonly FastForm[]) =>
    everywhere((inner, context) => {
      const constants = visibleConstants(inner, context);
      const known = shapes && inferShapes(inner, shapes, constants);
      // What is computed once, at load, stays as small in the file as it is.
      const before = knownBefore(inner, constants.keys());
      const facts = new FormFacts(inner, context, { shapes: known, isBody: inner !== root });
      return replaceNodes(inner, context, (node, write) => {
        if (!isStandard(node) || !select(node)) return undefined;
        if (node.output.every((name) => before.has(name))) return undefined;
        for (const { opTypes, match } of forms) {
          const written = opTypes.includes(node.opType) ? match(node, facts) : undefined;
          if (written) return written(write);
        }
        return undefined;
      });
    })(root, context);
  return ROUNDS.reduce(
    (written, forms) => round(written, forms.filter(({ word }) => words.includes(word))),
    graph,
  );
}
