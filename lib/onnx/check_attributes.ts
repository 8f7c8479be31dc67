import { ANY_INTEGER, ATTRIBUTE_KINDS } from "./attribute_kinds.ts";
import { isStandard } from "./node.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  type NodeProto,
} from "./onnx_pb.ts";

/** Says what is wrong with a model, and ends the reading. */
export type Refuse = (found: string) => never;

/** The largest count, length or axis: no tensor has more elements here, and runtimes read 32 bits. */
const MOST = 2n ** 31n - 1n;

/** How a message speaks of a node. */
export function nodeLabel({ opType, name, output }: NodeProto): string {
  return `${opType} "${name || output.find((made) => made !== "") || ""}"`;
}

/**
 * Checks the attributes of a node of the standard: each given once, of its kind, within bounds.
 * Whether an operator has an attribute at all is for the runtime to say.
 */
export function checkAttributes(node: NodeProto, refuse: Refuse): void {
  if (!isStandard(node)) return;
  const seen = new Set<string>();
  for (const attribute of node.attribute) {
    const { name, refAttrName } = attribute;
    if (seen.has(name)) refuse(`${nodeLabel(node)} has two attributes named "${name}"`);
    seen.add(name);
    // What a function takes from its call has no value here.
    if (!refAttrName) checkValue(node, attribute, refuse);
  }
  checkSplit(node, refuse);
}

function checkValue(node: NodeProto, attribute: AttributeProto, refuse: Refuse): void {
  const { name, type, t, g } = attribute;
  const kinds = ATTRIBUTE_KINDS.get(name);
  if (kinds === undefined) return;
  const subject = `attribute "${name}" of ${nodeLabel(node)}`;
  if (!kinds.includes(type)) {
    refuse(
      `${subject} is of kind ${Type[type] ?? type}, not ${kinds.map((k) => Type[k]).join(" or ")}`,
    );
  }
  if (type === Type.TENSOR && t === undefined) refuse(`${subject} holds no tensor`);
  if (type === Type.GRAPH && g === undefined) refuse(`${subject} holds no graph`);
  if (ANY_INTEGER.has(name)) return;
  const large = integersOf(attribute).find((value) => value > MOST || value < -MOST);
  // An order of axes is told as a whole, by `checkTurns()`.
  if (large !== undefined && name !== "perm") refuse(`${subject} is out of bounds: ${large}`);
}

function integersOf({ type, i = 0n, ints }: AttributeProto): readonly bigint[] {
  return type === Type.INT ? [i] : type === Type.INTS ? ints : [];
}

function checkSplit(node: NodeProto, refuse: Refuse): void {
  if (node.opType !== "Split") return;
  const parts = node.attribute.find(({ name }) => name === "num_outputs")?.i;
  if (parts === undefined || parts === BigInt(node.output.length)) return;
  refuse(
    `${
      nodeLabel(node)
    } is to make ${parts} parts (num_outputs), but has ${node.output.length} outputs`,
  );
}
