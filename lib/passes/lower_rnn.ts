import type { GraphProto } from "../onnx/onnx_pb.ts";
import { type LowerOptions, lowerRecurrent } from "./lower_recurrent.ts";
import { type PassContext, rootContext } from "./pass.ts";
import { clipped, type RecurrentLayer } from "./recurrent.ts";
import type { Cell } from "./recurrent_scan.ts";

/**
 * Rewrites RNN layers (Elman's) into plain operators that compute the same: one MatMul that projects
 * the inputs of all steps, and a Scan over the steps, h' = tanh(x W + h R + b).
 *
 * Conditions are those of {@linkcode lowerGru}.
 *
 * @see {@link https://onnx.ai/onnx/operators/onnx__RNN.html}
 */
export function lowerRnn(
  graph: GraphProto,
  context: PassContext = rootContext(graph),
  options: LowerOptions = {},
): GraphProto {
  return lowerRecurrent(graph, context, { ...options, opType: "RNN", cellOf: rnnCell });
}

function rnnCell(layer: RecurrentLayer): Cell {
  const { hidden, bias, recurrence, reversed, activations } = layer;
  const directions = reversed.map(() => 1);
  return {
    parts: [1],
    inputBias(emit) {
      if (!bias) return undefined;
      // B is [directions, 2 hidden]: the bias of the inputs, then that of the states.
      const [input, state] = emit.split(bias, [hidden, hidden], 1) as [string, string];
      return emit.reshape(emit.add("Add", [input, state]), [-1]);
    },
    weights(emit) {
      return emit.split(recurrence, directions, 0).map((own) => [
        emit.add("Transpose", [emit.reshape(own, [hidden, hidden])], { perm: [1, 0] }),
      ]);
    },
    step(emit, d, state, [input], [matrix]) {
      const sum = emit.add("Add", [input!, emit.add("MatMul", [state, matrix!])]);
      return emit.add(activations[d]![0]!, [clipped(emit, layer, sum)]);
    },
  };
}
