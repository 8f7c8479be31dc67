import { isStandard } from "../onnx/node.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { type Decision, fallBack } from "./decision.ts";
import { existingForm } from "./existing_int8.ts";
import type { GraphFacts } from "./graph_facts.ts";
import { NO_STATIC_KERNEL, STATIC_OPERATORS, type StaticOperator } from "./operators.ts";
import type { StaticInt8 } from "./qconfig.ts";
import { worstOf } from "./read_weights.ts";
import { clipBounds } from "./absorbed_operators.ts";

/** An anchor with the operators that its int8 kernel absorbs: what runs as one between quantized tensors. */
export interface StaticUnit {
  readonly anchor: NodeProto;
  readonly operator: StaticOperator;
  readonly qconfig: StaticInt8;
  /** Nodes in order, the anchor first. */
  nodes: NodeProto[];
  /** Tensors that leave the unit: one, but for a Split. */
  results: readonly string[];
}

/** What is known of single tensors. */
export interface TensorHints {
  /** Those that are to be there as uint8, wherever they come from. @default {none} */
  readonly int8Tensors?: readonly string[];
  /** Those that have no range, each with the reason. @default {none} */
  readonly unseen?: ReadonlyMap<string, string>;
}

/**
 * Goes through the graph in order and makes a unit of each node that can be static, taking in the
 * operators that its kernel absorbs.
 */
export function staticUnits(
  nodes: readonly NodeProto[],
  of: ReadonlyMap<NodeProto, Decision>,
  facts: GraphFacts,
  { int8Tensors = [], unseen = new Map() }: TensorHints = {},
): Map<NodeProto, StaticUnit> {
  const units = new Map<NodeProto, StaticUnit>();
  const unitOf = new Map<string, StaticUnit>();
  const int8 = new Set<string>(int8Tensors); // tensors that are there as uint8
  for (const node of nodes) {
    const decision = of.get(node)!;
    if (decision.asked.kind !== "static" || decision.obstacle) continue;
    const host = absorbingUnit(node, unitOf, facts);
    if (host) {
      const [inner] = host.results as [string];
      const [outer] = node.output as [string];
      unitOf.delete(inner);
      int8.delete(inner);
      host.nodes = [...host.nodes, node];
      host.results = [outer];
      unitOf.set(outer, host);
      int8.add(outer);
      decision.anchor = host.anchor;
      continue;
    }
    const operator = isStandard(node) ? STATIC_OPERATORS.get(node.opType) : undefined;
    if (!operator) {
      fallBack(decision, whyNoKernel(node), true);
      continue;
    }
    const impossible = operator.obstacle?.(node, facts) ?? operandObstacle(node, operator, facts);
    const { dtype } = decision.asked;
    const isInt8 = (name: string) =>
      int8.has(name) || existingForm(name, dtype, facts) !== undefined;
    const obstacle = impossible ?? whyRatherNot(node, operator, decision.asked, isInt8, facts) ??
      whyUnseen(node, operator, unseen, facts);
    if (obstacle) {
      fallBack(decision, obstacle, impossible !== undefined);
      continue;
    }
    const unit: StaticUnit = {
      anchor: node,
      operator,
      qconfig: decision.asked,
      nodes: [node],
      results: operator.role === "carry" ? node.output.filter((name) => name) : [node.output[0]!],
    };
    units.set(node, unit);
    for (const name of unit.results) {
      unitOf.set(name, unit);
      int8.add(name);
    }
    // Quantized for this unit, a tensor is there as uint8 for others as well.
    for (const name of activationInputs(node, operator, facts)) int8.add(name);
  }
  return units;
}

function whyNoKernel(node: NodeProto): string {
  const { opType, domain } = node;
  if (isStandard(node)) return NO_STATIC_KERNEL.get(opType) ?? `no int8 kernel for ${opType}`;
  return `no int8 kernel is known for ${opType} of domain ${domain}`;
}

/** Why a node that could be static had better not be. */
function whyRatherNot(
  node: NodeProto,
  operator: StaticOperator,
  { kernels }: StaticInt8,
  isInt8: (name: string) => boolean,
  facts: GraphFacts,
): string | undefined {
  if (kernels === "fast") {
    const slow = operator.slow?.(node, facts);
    if (slow) return slow;
  }
  const activations = activationInputs(node, operator, facts);
  if (activations.length === 0) return "it reads constants alone";
  if (operator.role === "compute") return undefined;
  const floats = activations.filter((name) => !isInt8(name));
  if (floats.length === 0) return undefined;
  return operator.role === "carry"
    ? "it only moves values, and they come in float32"
    : `it reads "${floats[0]}", which comes in float32`;
}

/** Why a node has no ranges, if so. What only moves values takes that of its input. */
function whyUnseen(
  node: NodeProto,
  operator: StaticOperator,
  unseen: ReadonlyMap<string, string>,
  facts: GraphFacts,
): string | undefined {
  const results = operator.role === "carry" ? [] : node.output;
  const name = [...activationInputs(node, operator, facts), ...results]
    .find((name) => unseen.has(name));
  return name === undefined ? undefined : `"${name}" ${unseen.get(name)}`;
}

/** Constants that an Add, Mul, Where or Concat reads are quantized too: a mask of -Infinity cannot be. */
function operandObstacle(
  node: NodeProto,
  operator: StaticOperator,
  facts: GraphFacts,
): string | undefined {
  if (operator.role !== "follow") return undefined;
  const endless = node.input.find((name, i) => {
    const tensor = (operator.inputs?.includes(i) ?? true) && facts.floatConstant(name);
    return tensor && worstOf(tensor) !== "finite";
  });
  return endless === undefined ? undefined : `the constant "${endless}" is not finite`;
}

/** Inputs that carry activations and are not constants. */
export function activationInputs(
  node: NodeProto,
  operator: StaticOperator,
  facts: GraphFacts,
): string[] {
  const inputs = node.input.filter((_, i) => operator.inputs?.includes(i) ?? true);
  return inputs.filter((name) => name !== "" && !facts.isConstant(name));
}

/** The unit that this node runs inside of, if it alone reads the unit's result. */
function absorbingUnit(
  node: NodeProto,
  unitOf: ReadonlyMap<string, StaticUnit>,
  facts: GraphFacts,
): StaticUnit | undefined {
  for (const name of node.input) {
    const unit = unitOf.get(name);
    if (!unit || !isStandard(node) || !unit.operator.absorbs?.includes(node.opType)) continue;
    if (facts.consumers(name).length > 1 || facts.isPinned(name)) continue;
    const last = unit.nodes.at(-1)!;
    if (node.opType === "Add") {
      const other = node.input.find((input) => input !== name);
      if (last !== unit.anchor || !isLinearBias(other, last, facts)) continue;
    } else if (clipBounds(last, facts) || !clipBounds(node, facts)) {
      continue; // quantization takes in one Relu or Clip
    }
    return unit;
  }
  return undefined;
}

/** Whether a constant is the bias of a Linear that a MatMul begins: one number for each output. */
function isLinearBias(name: string | undefined, matMul: NodeProto, facts: GraphFacts): boolean {
  const weights = facts.floatConstant(matMul.input[1]);
  const bias = facts.floatConstant(name);
  if (!weights || weights.dims.length < 2 || bias?.dims.length !== 1) return false;
  if (worstOf(bias) === "infinite") return false;
  return bias.dims[0] === weights.dims.at(-1);
}

/** Name of the bias that a unit adds to its products, be it an input of the anchor or an Add behind. */
export function biasOf({ anchor, nodes }: StaticUnit): string | undefined {
  if (anchor.opType !== "MatMul") return anchor.input[2] || undefined;
  const add = nodes.find(({ opType }) => opType === "Add");
  return add?.input.find((name) => name !== anchor.output[0]);
}

/**
 * Puts `follow` and `carry` units back to float32 whose result nobody reads as int8: the last
 * quantization would only cost accuracy. With `kernels: "any"` they stay.
 */
export function dropIdleUnits(
  nodes: readonly NodeProto[],
  of: ReadonlyMap<NodeProto, Decision>,
  units: Map<NodeProto, StaticUnit>,
  facts: GraphFacts,
): void {
  for (const node of [...nodes].reverse()) {
    const unit = units.get(node);
    if (!unit || unit.operator.role === "compute" || unit.qconfig.kernels === "any") continue;
    const readers = unit.results.flatMap((name) => facts.consumers(name));
    if (readers.some((reader) => of.get(reader)!.applied.kind === "static")) continue;
    units.delete(node);
    for (const member of unit.nodes) {
      const decision = of.get(member)!;
      decision.anchor = undefined;
      fallBack(decision, "its result is read in float32");
    }
  }
}
