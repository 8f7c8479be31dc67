import { floatAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { type FastForm, type FormFacts, scalarConstant } from "./fast_form.ts";
import { joinsConv, joinsGemm, joinsQuantize } from "./runtime_fusions.ts";

/** The float32 numbers that a Clip without bounds keeps to: it takes infinity for the last of them. */
const LARGEST = 3.4028234663852886e38;

/** Elements for each further node from which on they are faster: a node takes about 1 us. */
const ENOUGH_FOR_A_NODE = 2048;

/** The same where a Gemm loses its activation: few elements stay in the processor's cache meanwhile. */
const ENOUGH_BEHIND_GEMM = 2048;

/**
 * Relu, Clip, LeakyRelu and HardSigmoid branch at each element where they overwrite their input, which takes
 * 5 to 7 ns where signs are mixed, also where the runtime takes them into a Gemm. Max, Min and PRelu do not.
 * Kernel facts lone-relu, lone-clip, lone-leaky-relu, lone-hard-sigmoid, relu-in-gemm.
 *
 * The constant stands first: a Max of one element and one number gives the second of two zeros.
 */
export const FAST_ACTIVATIONS: readonly FastForm[] = [
  {
    word: "identical",
    opTypes: ["Relu"],
    match(node, facts) {
      if (!mayReplace(node, facts, 1)) return undefined;
      return (write) => write.add("Max", [scalarConstant(write, 0), node.input[0]!]);
    },
  },
  {
    word: "identical",
    opTypes: ["LeakyRelu"],
    match(node, facts) {
      if (!mayReplace(node, facts, 1)) return undefined;
      const slope = Math.fround(floatAttribute(node, "alpha", 0.01));
      return (write) => write.add("PRelu", [node.input[0]!, scalarConstant(write, slope)]);
    },
  },
  {
    word: "identical",
    opTypes: ["Clip"],
    match(node, facts) {
      const [x, low, high] = node.input as [string, string?, string?];
      const least = low ? facts.scalar(low) : -LARGEST;
      const most = high ? facts.scalar(high) : LARGEST;
      if (least === undefined || most === undefined || !(least <= most)) return undefined;
      if (!mayReplace(node, facts, 2)) return undefined;
      return (write) => {
        const raised = write.add("Max", [scalarConstant(write, least), x]);
        return write.add("Min", [scalarConstant(write, most), raised]);
      };
    },
  },
  {
    word: "identical",
    opTypes: ["HardSigmoid"],
    match(node, facts) {
      if (!mayReplace(node, facts, 4)) return undefined;
      const slope = Math.fround(floatAttribute(node, "alpha", 0.2));
      const offset = Math.fround(floatAttribute(node, "beta", 0.5));
      return (write) => {
        const scaled = write.add("Mul", [node.input[0]!, scalarConstant(write, slope)]);
        const shifted = write.add("Add", [scaled, scalarConstant(write, offset)]);
        const most = write.add("Min", [scalarConstant(write, 1), shifted]);
        return write.add("Max", [scalarConstant(write, 0), most]);
      };
    },
  },
];

/** Whether so many nodes in the place of this one are faster. */
function mayReplace(node: NodeProto, facts: FormFacts, nodes: number): boolean {
  const [x] = node.input;
  if (!facts.isFloat32(x) || !facts.overwrites(node)) return false;
  if (joinsConv(node, facts) || joinsQuantize(node, facts)) return false;
  const size = facts.size(x);
  if (joinsGemm(node, facts) && size < ENOUGH_BEHIND_GEMM) return false;
  return nodes === 1 || size >= (nodes - 1) * ENOUGH_FOR_A_NODE;
}
