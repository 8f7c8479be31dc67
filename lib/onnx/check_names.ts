import { visible } from "../visible.ts";
import { checkAttributes, nodeLabel, type Refuse } from "./check_attributes.ts";
import { constantValue, subgraphs } from "./graph.ts";
import { LEAST_INPUTS } from "./least_inputs.ts";
import { isStandard } from "./node.ts";
import type { GraphProto, NodeProto, TensorProto } from "./onnx_pb.ts";

/** What a graph can read of those around it. */
interface Around {
  readonly has: (name: string) => boolean;
  readonly depth: number;
}

const NOTHING_AROUND: Around = { has: () => false, depth: 0 };

/**
 * Checks that a network hangs together: every value is made once, and whatever is read is made. Bodies
 * are checked with what is around them.
 */
export function checkNetwork(graph: GraphProto, refuse: Refuse): void {
  const makers = checkGraph(graph, NOTHING_AROUND, refuse);
  for (const { name } of graph.output) {
    if (!makers.has(name)) refuse(`its output "${name}" is made by no node`);
  }
}

/** Checks the nodes of a function, whose inputs and outputs are names alone. */
export function checkFunctionBody(
  body: { readonly input: readonly string[]; readonly node: readonly NodeProto[] },
  refuse: Refuse,
): void {
  checkScope({ inputs: body.input, weights: [], nodes: body.node }, NOTHING_AROUND, refuse);
}

function checkGraph(graph: GraphProto, around: Around, refuse: Refuse): Set<string> {
  const { initializer, sparseInitializer } = graph;
  const weights = [...initializer, ...sparseInitializer.flatMap(({ values }) => values ?? [])];
  return checkScope(
    { inputs: graph.input.map(({ name }) => name), weights, nodes: graph.node },
    around,
    refuse,
  );
}

interface Scope {
  readonly inputs: readonly string[];
  readonly weights: readonly TensorProto[];
  readonly nodes: readonly NodeProto[];
}

/** Where a value comes from. */
type Maker = "input" | "weight" | NodeProto;

/** A Constant node may give an input its default, as a weight does. */
function requireOne(name: string, other: Maker, node: NodeProto, refuse: Refuse): void {
  if (other === "input" && constantValue(node)) return;
  refuse(
    typeof other === "string"
      ? `"${name}" is ${other === "input" ? "an input" : "a weight"} and is made by a node: ${
        nodeLabel(node)
      }`
      : `"${name}" is made by two nodes: ${nodeLabel(other)} and ${nodeLabel(node)}`,
  );
}

/** @returns All names that have a value in this scope. */
function checkScope(
  { inputs, weights, nodes }: Scope,
  around: Around,
  refuse: Refuse,
): Set<string> {
  const own = new Map<string, Maker>();
  for (const name of inputs) {
    if (own.has(name)) refuse(`two inputs are named "${name}"`);
    own.set(name, "input");
  }
  for (const { name } of weights) own.set(name, "weight");
  for (const node of nodes) {
    checkOperator(node, refuse);
    for (const name of node.output.filter(Boolean)) {
      const other = own.get(name);
      if (other) requireOne(name, other, node, refuse);
      own.set(name, node);
    }
  }
  const inside: Around = {
    has: (name) => own.has(name) || around.has(name),
    depth: around.depth + 1,
  };
  for (const node of nodes) {
    const unknown = node.input.find((name) => name !== "" && !inside.has(name));
    if (unknown !== undefined) {
      refuse(`"${unknown}" is made by no node and is no input, but ${nodeLabel(node)} reads it`);
    }
    checkEnds(node, refuse);
    checkAttributes(node, refuse);
    for (const body of subgraphs(node)) checkBody(node, body, inside, refuse);
  }
  return new Set(own.keys());
}

/** Longest name of an operator: real ones have some 30 letters. */
const LONGEST_OPERATOR = 200;

/** The standard asks for an identifier of C; what is checked is that people can read it. */
function checkOperator({ opType, output }: NodeProto, refuse: Refuse): void {
  const of = `the node that makes "${output[0] ?? ""}"`;
  if (opType === "") refuse(`${of} names no operator`);
  if (opType.length > LONGEST_OPERATOR || visible(opType) !== opType) {
    refuse(`${of} names an operator that there cannot be, "${opType.slice(0, LONGEST_OPERATOR)}"`);
  }
}

/** What an operator cannot do without must be there: what works on its nodes relies on that. */
function checkEnds(node: NodeProto, refuse: Refuse): void {
  if (!isStandard(node)) return;
  const least = LEAST_INPUTS.get(node.opType) ?? 0;
  const missing = Array.from({ length: least }, (_, i) => i).find((i) => !node.input[i]);
  if (missing !== undefined) {
    refuse(`${nodeLabel(node)} lacks its input ${missing + 1} of at least ${least}`);
  }
  if (!node.output.some(Boolean)) refuse(`a ${node.opType} node makes nothing`);
}

function checkBody(node: NodeProto, body: GraphProto, around: Around, refuse: Refuse): void {
  const where: Refuse = (found) => refuse(`${found} (in a body of ${nodeLabel(node)})`);
  const own = checkGraph(body, around, around.depth > 1 ? refuse : where);
  for (const { name } of body.output) {
    if (!own.has(name) && !around.has(name)) where(`its output "${name}" is made by no node`);
  }
}
