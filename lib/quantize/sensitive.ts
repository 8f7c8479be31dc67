import { isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { chosenBy, layersBefore } from "./chosen_by.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { STATIC_OPERATORS } from "./operators.ts";
import { scopedFacts } from "./scoped_facts.ts";

/** Why a layer had better not be int8, whose results are good enough for all but what reads them. */
export interface Sensitivity {
  readonly reason: string;
  /** Whether small weights are good enough: none of them is negative, so that errors stay in proportion. */
  readonly smallWeights: boolean;
}

/**
 * Layers whose small values decide, by node: the integers of a tensor have one step for all of it, which
 * rounds what is small beside the largest value to 0.
 *
 * - What a Log, Reciprocal, Sqrt, Pow below 1 or the divisor of a Div is computed from makes much of small
 *   values: the mel filters of a spectrogram, and the products that its powers come from.
 * - What indices are chosen by (a MaxPool that gives them, TopK, ArgMax, NonMaxSuppression, as far as the
 *   network itself uses them) turns a small difference into another choice. Only the layers next before
 *   the choice are kept. All before them is most of a detector, and there brings little: of one in small,
 *   96 % detection F1 at ×0.47 bytes became 98 % at ×0.66. Another network needs it (12.9 dB became 43.0
 *   with one layer more), so the reason says what is left, and the rules against it.
 *
 * Bodies of If, Loop and Scan are looked into, and from there at the layers around them.
 *
 * @see the tests for what lies between and does not matter: a small number added, bounds, a layout
 */
export function sensitiveLayers(facts: GraphFacts): Map<NodeProto, Sensitivity> {
  const found = new Map<NodeProto, Sensitivity>();
  for (const scope of scopedFacts(facts)) addSensitive(scope, found);
  return found;
}

function addSensitive(facts: GraphFacts, found: Map<NodeProto, Sensitivity>): void {
  for (const node of facts.graph.node) {
    if (!isStandard(node)) continue;
    const what = `${node.opType} "${node.name || node.output[0]}" behind it`;
    for (const { input, power } of magnified(node, facts)) {
      const reason = `${what} makes much of small values, which int8 rounds away`;
      const walk = new Walk(facts, power === 0);
      for (const layer of walk.layersOf(input, power)) {
        found.set(layer, { reason, smallWeights: hasNoNegativeWeights(layer, facts) });
      }
    }
    for (const layer of chosenBy(node, facts)) {
      const reason = `${what} chooses by small differences, which int8 rounds away${
        riskBefore(layer, facts)
      }`;
      found.set(layer, { reason, smallWeights: false });
    }
  }
}

/** Names that are listed before the rest is counted. */
const LISTED = 2;

/** That what comes to a layer is int8 too, and still changes what is chosen by its results. */
function riskBefore(layer: NodeProto, facts: GraphFacts): string {
  const before = layersBefore(layer, facts).map(({ name, output }) => name || output[0]!);
  if (before.length === 0) return "";
  const rules = before.slice(0, LISTED).map((name) => `[${JSON.stringify(name)}, "float32"]`);
  const more = before.length > LISTED ? ` and ${before.length - LISTED} more` : "";
  return `; int8 in layers before it can still change the choice (rules for the nearest: ${
    rules.join(", ")
  }${more})`;
}

/** Inputs that a node makes much of where they are small: as their power of so much, 0 for a logarithm. */
function magnified(node: NodeProto, facts: GraphFacts): { input: string; power: number }[] {
  const [first = "", second = ""] = node.input;
  switch (node.opType) {
    case "Log":
      return [{ input: first, power: 0 }];
    case "Reciprocal":
      return [{ input: first, power: -1 }];
    case "Div":
      return facts.isConstant(second) ? [] : [{ input: second, power: -1 }];
    case "Sqrt":
      return [{ input: first, power: 0.5 }];
    case "Pow": {
      const power = largest(second, facts);
      return power !== undefined && power < 1 ? [{ input: first, power }] : [];
    }
    default:
      return [];
  }
}

/** What is added to a value at most, and leaves its small values decisive. */
const SMALL = 0.01;

/** Values that are looked at on the way: no network has so many there, and no stack is without end. */
const FARTHEST = 500;

/** Operators that give a value back, moved or with another sign. */
const KEEP: ReadonlySet<string> = new Set(["Abs", "Cast", "Identity", "Neg", "Relu"]);

/** A way back from a node that makes much of small values to the layers that they come from. */
class Walk {
  readonly #facts: GraphFacts;
  /** Whether sums of several values are followed: of a logarithm alone, others take what is normalised. */
  readonly #sums: boolean;
  readonly #layers = new Set<NodeProto>();
  readonly #seen = new Set<string>();

  constructor(facts: GraphFacts, sums: boolean) {
    this.#facts = facts;
    this.#sums = sums;
  }

  layersOf(name: string, power: number): ReadonlySet<NodeProto> {
    this.#visit(name, power, 0, false);
    return this.#layers;
  }

  /**
   * @param added Largest number that is added on the way, in the units of this value.
   * @param behind Whether a layer was found on the way: before it, only what powers come from counts.
   */
  #visit(name: string, power: number, added: number, behind: boolean): void {
    const maker = this.#facts.maker(name);
    if (!maker || !isStandard(maker) || this.#seen.has(name) || this.#seen.size > FARTHEST) return;
    this.#seen.add(name);
    const { opType, input: [first = "", second = ""] } = maker;
    const on = (input: string, to = power, sum = added) => this.#visit(input, to, sum, behind);
    const operator = STATIC_OPERATORS.get(opType);
    if (operator?.role === "compute") return this.#layer(maker, power, added, behind);
    if (operator?.role === "carry" || KEEP.has(opType)) return on(first);
    const constant = this.#facts.isConstant(second) ? second : first;
    const other = constant === second ? first : second;
    const number = largest(constant, this.#facts);
    switch (opType) {
      case "Add":
      case "Clip":
      case "Max":
      case "Sub":
        if (number !== undefined) return on(other, power, Math.max(added, number));
        if (opType !== "Add" || !this.#sums) return;
        on(first);
        return on(second);
      case "Concat":
        return maker.input.forEach((input) => on(input));
      case "Mul":
        if (first === second) return on(first, 2 * power);
        return number ? on(other, power, added / number) : undefined;
      case "Div":
        return number && constant === second ? on(first, power, added * number) : undefined;
      case "Pow":
        return number ? on(first, number * power) : undefined;
      case "Sqrt":
        return on(first, power / 2);
      case "ReduceSum":
        return this.#sums ? on(first) : undefined;
    }
  }

  /** A layer that was come to. */
  #layer(layer: NodeProto, power: number, added: number, behind: boolean): void {
    // Of a power of 1 or more small values are small: the size of a complex number, as sqrt(x^2 + y^2).
    if (power >= 1 || added > SMALL || (behind && !this.#sums)) return;
    this.#layers.add(layer);
    if (!this.#sums || behind) return;
    // Filters may stand on either side of a product: the values are what is not constant.
    for (const input of layer.input.slice(0, 2)) {
      if (!this.#facts.isConstant(input)) this.#visit(input, power, added, true);
    }
  }
}

/** The largest magnitude of a float32 constant; undefined for what is none. */
function largest(name: string | undefined, facts: GraphFacts): number | undefined {
  const tensor = facts.floatConstant(name);
  if (!tensor) return undefined;
  const values = readTensorProto(tensor).data as Float32Array;
  return values.length === 1
    ? Math.abs(values[0]!)
    : values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
}

function hasNoNegativeWeights(layer: NodeProto, facts: GraphFacts): boolean {
  const weights = layer.input.slice(0, 2).flatMap((name) => facts.floatConstant(name) ?? []);
  return weights.length > 0 &&
    weights.every((tensor) =>
      (readTensorProto(tensor).data as Float32Array).every((weight) => weight >= 0)
    );
}
