import { UserError } from "../errors.ts";
import { nodeLabel } from "./check_attributes.ts";
import { mapSubgraphs } from "./graph.ts";
import { mapSame } from "./map_same.ts";
import { intAttribute, isStandard, stringAttribute, withAttributes } from "./node.ts";
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  TensorProto_DataType as DataType,
} from "./onnx_pb.ts";
import { NEWEST_OPSET, standardOpset, statedTypes } from "./raise_proto.ts";

/** Newest set of the standard's operators that onnxruntime-web takes, and the file format with it. */
const RUNTIME_OPSET = 26;
const RUNTIME_IR = 13n;

/** What a rule may ask: the element type of a value, where the file says it. */
type TypeOf = (name: string | undefined) => number | undefined;

/**
 * The node as the older set writes it; a text where the older set has no form for it, which says why.
 */
type Lowering = (node: NodeProto, typeOf: TypeOf) => NodeProto | string;

/** Operators that opsets 27 and 28 brought or gave another meaning. The others only take more types. */
const LOWERINGS: ReadonlyMap<string, Lowering> = new Map<string, Lowering>([
  ["CausalConvWithState", () => "is new in opset 27"],
  ["LinearAttention", () => "is new in opset 27"],
  ["SwiGLU", () => "is new in opset 28"],
  ["Range", (node, typeOf) => {
    const isHalf = node.input.some((name) => HALF.has(typeOf(name) ?? 0));
    return isHalf ? "counts in half precision" : withAttributes(node, { stash_type: undefined });
  }],
  ["Mod", (node, typeOf) => {
    const isReal = node.input.some((name) => REAL.has(typeOf(name) ?? 0));
    const rounds = intAttribute(node, "fmod", 0) === 0;
    return isReal && rounds ? "rounds down (fmod=0) on floating-point numbers" : node;
  }],
  ["SpaceToDepth", (node) => {
    const mode = stringAttribute(node, "mode", "DCR");
    return mode === "DCR" ? withAttributes(node, { mode: undefined }) : `has mode=${mode}`;
  }],
]);

const HALF = new Set<number>([DataType.FLOAT16, DataType.BFLOAT16]);
const REAL = new Set<number>([DataType.FLOAT, DataType.DOUBLE, ...HALF]);

/**
 * Brings a model of a newer operator set or file format than onnxruntime-web takes down to the newest that
 * it does, where every node means the same there.
 *
 * @param name What messages call the model.
 * @returns The model, and one line that says what was done; the same model where nothing was.
 * @throws {UserError} If a node has no form in the older set: the message names it.
 */
export function lowerOpset(
  proto: ModelProto,
  name: string,
): { proto: ModelProto; note?: string } {
  const opset = standardOpset(proto.opsetImport) ?? 0;
  const isNewSet = opset > RUNTIME_OPSET && opset <= NEWEST_OPSET;
  if (!isNewSet && proto.irVersion <= RUNTIME_IR) return { proto };
  const irVersion = proto.irVersion > RUNTIME_IR ? RUNTIME_IR : proto.irVersion;
  // Only the set makes operators mean something else; the format has the same fields.
  if (!isNewSet) return { proto: { ...proto, irVersion } };
  const refuse = (node: NodeProto, why: string): never => {
    throw new UserError(
      `Cannot use ${name} of opset ${opset}: onnxruntime-web takes opsets up to ${RUNTIME_OPSET}, and ` +
        `${nodeLabel(node)} ${why}; export it again with opset ` +
        `${RUNTIME_OPSET}`,
    );
  };
  const graph = proto.graph && lowerGraph(proto.graph, refuse, () => undefined);
  const functions = proto.functions.map((called) => {
    const lowerOne = (node: NodeProto) => lowerNode(node, refuse, () => undefined);
    return {
      ...called,
      node: called.node.map(lowerOne),
      opsetImport: lowered(called.opsetImport),
    };
  });
  const opsetImport = lowered(proto.opsetImport);
  return {
    proto: { ...proto, irVersion, opsetImport, functions, graph },
    note: `read as opset ${RUNTIME_OPSET}, the newest that onnxruntime-web takes, in place of ` +
      `${opset}: its operators mean the same there`,
  };
}

type Refuse = (node: NodeProto, why: string) => never;

function lowerGraph(graph: GraphProto, refuse: Refuse, outer: TypeOf): GraphProto {
  const types = statedTypes(graph);
  const typeOf: TypeOf = (name) => types.get(name ?? "") ?? outer(name);
  return { ...graph, node: graph.node.map((node) => lowerNode(node, refuse, typeOf)) };
}

function lowerNode(node: NodeProto, refuse: Refuse, typeOf: TypeOf): NodeProto {
  const inner = mapSubgraphs(node, (body) => lowerGraph(body, refuse, typeOf));
  const lower = isStandard(inner) ? LOWERINGS.get(inner.opType) : undefined;
  if (!lower) return inner;
  const reference = inner.attribute.find(({ refAttrName }) => refAttrName);
  if (reference) return refuse(inner, `takes "${reference.name}" from the function around it`);
  const result = lower(inner, typeOf);
  return typeof result === "string" ? refuse(inner, result) : result;
}

function lowered(imports: OperatorSetIdProto[]): OperatorSetIdProto[] {
  return mapSame(imports, (entry) => {
    const isNew = isStandard(entry) && entry.version > BigInt(RUNTIME_OPSET);
    return isNew ? { ...entry, version: BigInt(RUNTIME_OPSET) } : entry;
  });
}
