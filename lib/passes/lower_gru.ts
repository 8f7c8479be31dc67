import { intAttribute } from "../onnx/node.ts";
import type { GraphProto } from "../onnx/onnx_pb.ts";
import { type LowerOptions, lowerRecurrent } from "./lower_recurrent.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { clipped, type RecurrentLayer } from "./recurrent.ts";
import type { Cell } from "./recurrent_scan.ts";

/**
 * Rewrites GRU layers into plain operators that compute the same: one MatMul that projects the inputs
 * of all steps, and a Scan over the steps. Each MatMul can then be quantized as any other.
 *
 * With gates z (update), r (reset) and candidate n, sigma for the first activation, tanh for the other:
 *
 * ```text
 * z, r = sigma(x Wzr + h Rzr + b)
 * n    = tanh(x Wn + b + r * (h Rn + c))     linear_before_reset, as PyTorch and cuDNN have it
 * n    = tanh(x Wn + b + (r * h) Rn)         otherwise
 * h'   = n + z * (h - n)
 * ```
 *
 * The graph has to be of opset 13 or later. A layer with activations that have parameters, or of
 * another type than float32, stays a GRU; {@linkcode whyNotLowered} says why.
 *
 * @param options Which layers: all by default.
 * @see {@link https://onnx.ai/onnx/operators/onnx__GRU.html}
 * @example
 * ```ts
 * import { lowerGru } from "./lower_gru.ts";
 * import { parseGraph } from "../onnx/text.ts";
 * import assert from "node:assert/strict";
 *
 * const graph = parseGraph(`
 *   input x float32[T, N, 8]; input w float32[1, 12, 8]; input r float32[1, 12, 4]
 *   output y float32[T, 1, N, 4]
 *   y = GRU(x, w, r) {hidden_size=4}`);
 * const operators = lowerGru(graph).node.map(({ opType }) => opType);
 * assert.ok(operators.includes("MatMul") && operators.includes("Scan"));
 * ```
 */
export function lowerGru(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
  options: LowerOptions = {},
): GraphProto {
  return lowerRecurrent(graph, context, { ...options, opType: "GRU", cellOf: gruCell });
}

function gruCell(layer: RecurrentLayer): Cell {
  const { node, hidden, bias, recurrence, reversed, activations } = layer;
  const linearBeforeReset = intAttribute(node, "linear_before_reset", 0) !== 0;
  const [two, one] = [2 * hidden, hidden];
  const directions = reversed.map(() => 1);

  // B is [directions, 6 hidden]: the biases of the inputs for z, r, n, then those of the states.
  let biases: string[] = [];

  return {
    parts: [2, 1],
    inputBias(emit) {
      if (!bias) return undefined;
      biases = emit.split(bias, [two, one, two, one], 1);
      const [inputZr, inputN, stateZr, stateN] = biases as [string, string, string, string];
      const zr = emit.add("Add", [inputZr, stateZr]);
      const n = linearBeforeReset ? inputN : emit.add("Add", [inputN, stateN]);
      return emit.reshape(emit.add("Concat", [zr, n], { axis: 1 }), [-1]);
    },
    weights(emit) {
      const stateN = linearBeforeReset && bias ? emit.split(biases[3]!, directions, 0) : [];
      return emit.split(recurrence, directions, 0).map((own, d) => {
        const matrix = emit.reshape(own, [3 * hidden, hidden]);
        const transposed = emit.add("Transpose", [matrix], { perm: [1, 0] });
        if (!linearBeforeReset) return emit.split(transposed, [two, one], 1);
        return [transposed, ...stateN[d] === undefined ? [] : [emit.reshape(stateN[d], [hidden])]];
      });
    },
    step(emit, d, state, [inputZr, inputN], weights) {
      const [gate, candidate] = activations[d] as [string, string];
      const activate = (opType: string, x: string) => emit.add(opType, [clipped(emit, layer, x)]);
      const gates = (product: string) => {
        const zr = activate(gate, emit.add("Add", [inputZr!, product]));
        return emit.split(zr, [one, one], 1) as [string, string];
      };
      let z: string;
      let term: string;
      if (linearBeforeReset) {
        const [matrix, stateBias] = weights as [string, string?];
        const product = emit.add("MatMul", [state, matrix]);
        const [productZr, productN] = emit.split(product, [two, one], 1) as [string, string];
        let r: string;
        [z, r] = gates(productZr);
        const biased = stateBias ? emit.add("Add", [productN, stateBias]) : productN;
        term = emit.add("Mul", [r, biased]);
      } else {
        const [matrixZr, matrixN] = weights as [string, string];
        let r: string;
        [z, r] = gates(emit.add("MatMul", [state, matrixZr]));
        term = emit.add("MatMul", [emit.add("Mul", [r, state]), matrixN]);
      }
      const n = activate(candidate, emit.add("Add", [inputN!, term]));
      const kept = emit.add("Mul", [z, emit.add("Sub", [state, n])]);
      return emit.add("Add", [n, kept]);
    },
  };
}
