import { stringAttribute } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { type FastForm, type FormFacts, scalarConstant } from "./fast_form.ts";
import type { NodeWriter } from "./replacement.ts";

/** Constants of the formula, as float32: sqrt(2 / pi), and the share of the cube. */
const SLOPE = Math.fround(Math.sqrt(2 / Math.PI));
const CUBIC = Math.fround(0.044715);

/**
 * Gelu by Erf as Gelu by Tanh, 74 to 78 dB from it: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, written
 * as onnxruntime looks for it, who makes one FastGelu of it (kernel fact gelu).
 */
export const FAST_GELU: readonly FastForm[] = [
  {
    word: "approximate",
    opTypes: ["Gelu"],
    match(node, facts) {
      const isExact = stringAttribute(node, "approximate", "none") === "none";
      return isExact ? byTanh(node.input[0]!, facts) : undefined;
    },
  },
  {
    word: "approximate",
    opTypes: ["Mul"],
    match(node, facts) {
      const x = geluOf(node, facts);
      return x === undefined ? undefined : byTanh(x, facts);
    },
  },
];

function byTanh(x: string, facts: FormFacts) {
  if (!facts.isFloat32(x)) return undefined;
  return (write: NodeWriter) => {
    const one = scalarConstant(write, 1);
    const square = write.add("Mul", [write.add("Mul", [x, scalarConstant(write, CUBIC)]), x]);
    const slope = write.add("Mul", [x, scalarConstant(write, SLOPE)]);
    const inner = write.add("Mul", [slope, write.add("Add", [square, one])]);
    const gate = write.add("Add", [write.add("Tanh", [inner]), one]);
    return write.add("Mul", [write.add("Mul", [x, scalarConstant(write, 0.5)]), gate]);
  };
}

/** The x of a product of x, a half and 1 + erf(x / sqrt(2)), in whichever order it is taken. */
function geluOf(node: NodeProto, facts: FormFacts): string | undefined {
  const factors = node.input.flatMap((name) => {
    const inner = facts.isReadOnce(name) ? facts.maker(name, "Mul") : undefined;
    return inner ? inner.input : [name];
  });
  if (factors.length !== 3) return undefined;
  if (!factors.some((name) => facts.scalar(name) === 0.5)) return undefined;
  for (const gate of factors) {
    const x = erfOf(gate, facts);
    if (x !== undefined && factors.includes(x)) return x;
  }
  return undefined;
}

/** The x of 1 + erf(x / sqrt(2)). */
function erfOf(gate: string, facts: FormFacts): string | undefined {
  const sum = facts.maker(gate, "Add");
  const erf = sum && facts.maker(termBesides(1, sum, facts), "Erf");
  const scaled = facts.maker(erf?.input[0], "Div", "Mul");
  if (!scaled) return undefined;
  return termBesides(scaled.opType === "Div" ? Math.SQRT2 : Math.SQRT1_2, scaled, facts);
}

/** What a node of two inputs reads besides a constant that is this number, but for rounding. */
function termBesides(value: number, { opType, input }: NodeProto, facts: FormFacts) {
  const [a = "", b = ""] = input;
  const isValue = (name: string) => Math.abs((facts.scalar(name) ?? NaN) / value - 1) < 1e-3;
  if (isValue(b)) return a;
  return isValue(a) && opType !== "Div" ? b : undefined;
}
