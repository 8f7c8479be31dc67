import { floatAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { type FastForm, type FormFacts, scalarConstant } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";

/** Elements from which on seven nodes are faster than Softplus, which takes some 40 ns for each. */
const ENOUGH_FOR_SOFTPLUS = 1024;

/** Elements from which on five or six nodes are faster than Elu: 5 ns an element in the place of 9. */
const ENOUGH_FOR_ELU = 16_384;

/** Beyond it, Mish(x) is x in float32, and the square of e^x far from the largest number. */
const LINEAR_FROM = 20;

/**
 * Functions of e^x, for which the runtime has a fast kernel in Exp and a slow one in each of these. Softplus,
 * and Mish by it, lose all digits below -17 in either form: 1 + e^x is 1 in float32.
 * Kernel facts softplus, mish, elu, root-by-pow.
 */
export const FAST_EXPONENTIALS: readonly FastForm[] = [
  { word: "exact", opTypes: ["Softplus"], match: matchSoftplus },
  { word: "exact", opTypes: ["Mish"], match: ({ input: [x] }, facts) => mish(x!, facts) },
  {
    word: "exact",
    opTypes: ["Mul"],
    match({ input: [a = "", b = ""] }, facts) {
      if (isGateOf(a, b, facts)) return mish(a, facts);
      return isGateOf(b, a, facts) ? mish(b, facts) : undefined;
    },
  },
  { word: "exact", opTypes: ["Elu"], match: matchElu },
  { word: "exact", opTypes: ["Pow"], match: matchPow },
];

/** max(x, 0) + log(1 + e^-|x|). */
function matchSoftplus({ input: [x = ""] }: NodeProto, facts: FormFacts) {
  if (!facts.isFloat32(x) || facts.size(x) < ENOUGH_FOR_SOFTPLUS) return undefined;
  return (write: NodeWriter) => {
    const power = write.add("Exp", [write.add("Neg", [write.add("Abs", [x])])]);
    const log = write.add("Log", [write.add("Add", [power, scalarConstant(write, 1)])]);
    return write.add("Add", [write.add("Max", [scalarConstant(write, 0), x]), log]);
  };
}

/** Whether a value is tanh(softplus(x)). */
function isGateOf(x: string, gate: string, facts: FormFacts): boolean {
  const softplus = facts.maker(facts.maker(gate, "Tanh")?.input[0], "Softplus");
  return softplus?.input[0] === x;
}

/** x n / (n + 2) with n = e (e + 2), e = e^x: what tanh(log(1 + e)) comes to. */
function mish(x: string, facts: FormFacts) {
  if (!facts.isFloat32(x)) return undefined;
  return (write: NodeWriter) => {
    const two = scalarConstant(write, 2);
    const power = write.add("Exp", [write.add("Min", [scalarConstant(write, LINEAR_FROM), x])]);
    const n = write.add("Mul", [power, write.add("Add", [power, two])]);
    return write.add("Mul", [x, write.add("Div", [n, write.add("Add", [n, two])])]);
  };
}

/** max(x, 0) + alpha (e^min(x, 0) - 1). */
function matchElu(node: NodeProto, facts: FormFacts) {
  const [x = ""] = node.input;
  if (!facts.isFloat32(x) || !facts.overwrites(node)) return undefined;
  if (facts.size(x) < ENOUGH_FOR_ELU) return undefined;
  const alpha = Math.fround(floatAttribute(node, "alpha", 1));
  return (write: NodeWriter) => {
    const zero = scalarConstant(write, 0);
    const power = write.add("Exp", [write.add("Min", [zero, x])]);
    const less = write.add("Sub", [power, scalarConstant(write, 1)]);
    const low = alpha === 1 ? less : write.add("Mul", [less, scalarConstant(write, alpha)]);
    return write.add("Add", [write.add("Max", [zero, x]), low]);
  };
}

/** Roots, for which the runtime takes the general power: 11 ns an element against 0.7. */
function matchPow({ input: [x = "", exponent] }: NodeProto, facts: FormFacts) {
  const power = facts.scalar(exponent);
  if (!facts.isFloat32(x) || (power !== 0.5 && power !== -0.5)) return undefined;
  const widens = (facts.rank(exponent) ?? 0) > (facts.rank(x) ?? 0);
  if (widens) return undefined;
  return (write: NodeWriter) => {
    const root = write.add("Sqrt", [x]);
    return power > 0 ? root : write.add("Reciprocal", [root]);
  };
}
