import { create } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import { lookUp } from "../look_up.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { nodeLabel } from "./check_attributes.ts";
import {
  constants,
  constantValue,
  makeNamer,
  mapSubgraphs,
  namesRead,
  subgraphs,
} from "./graph.ts";
import { mapSame } from "./map_same.ts";
import { isStandard } from "./node.ts";
import {
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProto_DataType as DataType,
} from "./onnx_pb.ts";
import { type Context, conversions, unchanged } from "./opset_conversions.ts";
import { ranks } from "./ranks.ts";
import { readTensorProto } from "./tensor_proto.ts";
import { allTensors } from "./tensors.ts";

/** Oldest operator set that is read: before it, operators broadcast by attributes of their own. */
export const OLDEST_OPSET = 7;

/** Newest operator set of the standard whose differences from older ones are known here. */
export const NEWEST_OPSET = 28;

/**
 * Moves what a file holds to a newer set of the standard's operators: the graph, and the functions that
 * are of an older set. What is there already stays. `raiseOpset()` says the rest.
 *
 * @param name What messages call the model.
 * @param target Up to 26.
 * @throws {UserError} If a set is older than 7 or not known, or an operator has no correct form in the
 * target: the message names it.
 */
export function raiseProto(proto: ModelProto, name: string, target: number): ModelProto {
  const from = standardOpset(proto.opsetImport) ?? 0;
  const cannot = `Cannot raise ${name} from opset ${from} to ${target}`;
  // Opset 0: no operator of the standard is in use, and there is nothing to convert.
  if (from > NEWEST_OPSET || (from < OLDEST_OPSET && from > 0)) {
    throw new UserError(
      `${cannot}: opsets ${OLDEST_OPSET} to ${NEWEST_OPSET} are known here; export it again with ` +
        `opset ${target}`,
    );
  }
  const refuse = (node: NodeProto, why: string): never => {
    throw new UserError(
      `${cannot}: ${nodeLabel(node)} ${why}; export it again with ` +
        `opset ${target}`,
    );
  };
  const raise: Raise = { from, target, refuse, onlyFloat32: isOnlyFloat32(proto) };
  const functions = mapSame(proto.functions, (called) => raiseFunction(called, raise));
  if (from >= target) return functions === proto.functions ? proto : { ...proto, functions };
  const graph = proto.graph;
  return {
    ...withIrVersion(proto, target),
    opsetImport: raised(proto.opsetImport, target),
    ...(graph && {
      graph: raiseOwn(withoutListedInitializers(graph, proto), raise),
    }),
    functions,
    trainingInfo: proto.trainingInfo.map((info) => ({
      ...info,
      initialization: info.initialization && raiseOwn(info.initialization, raise),
      algorithm: info.algorithm && raiseOwn(info.algorithm, raise),
    })),
  };
}

/** Version of the standard's operators, if any are imported. */
export function standardOpset(imports: readonly OperatorSetIdProto[]): number | undefined {
  const entry = imports.find(isStandard);
  return entry && Number(entry.version);
}

interface Raise {
  readonly from: number;
  readonly target: number;
  readonly refuse: (node: NodeProto, why: string) => never;
  /** No other float type occurs, so a float whose type is not written down is a float32. */
  readonly onlyFloat32: boolean;
}

/** What the graphs around a body know of values. */
interface Outer {
  readonly ranks: ReadonlyMap<string, number>;
  readonly constants: ReadonlyMap<string, TensorProto>;
}

/** Raises a graph that stands on its own. */
function raiseOwn(graph: GraphProto, raise: Raise): GraphProto {
  return raiseGraph(graph, raise, makeNamer(graph));
}

function raiseGraph(
  graph: GraphProto,
  raise: Raise,
  fresh: (base: string) => string,
  outer: Outer = { ranks: new Map(), constants: new Map() },
): GraphProto {
  const values = new Map([...outer.constants, ...constants(graph)]);
  const known: Outer = { ranks: ranks(graph, values, outer.ranks), constants: values };
  const context = makeContext(graph, raise, fresh, known);
  const node = graph.node.flatMap((node) => {
    const inner = mapSubgraphs(node, (body) => raiseGraph(body, raise, fresh, known));
    return raiseNode(inner, raise, context);
  });
  return { ...graph, node };
}

/** Moves one node version by version: what one step makes may be changed by the next. */
function raiseNode(
  node: NodeProto,
  { from, target, refuse }: Raise,
  context: Context,
): NodeProto[] {
  if (!isStandard(node)) return [node];
  const steps = lookUp(conversions, node.opType);
  if (steps === undefined && !unchanged.has(node.opType)) {
    return refuse(node, "is not known as an operator of the standard");
  }
  let nodes = [node];
  for (let version = from + 1; version <= target; version++) {
    nodes = nodes.flatMap((step) => {
      const convert = lookUp(conversions, step.opType)?.[version];
      if (convert === undefined) return [step];
      const reference = step.attribute.find(({ refAttrName }) => refAttrName);
      if (reference !== undefined) {
        return refuse(step, `takes "${reference.name}" from the function around it`);
      }
      return convert(step, context);
    });
  }
  return nodes;
}

function raiseFunction(called: FunctionProto, raise: Raise): FunctionProto {
  const from = standardOpset(called.opsetImport) ?? raise.target;
  if (from >= raise.target) return called;
  if (from < OLDEST_OPSET) {
    throw new UserError(
      `Cannot raise function "${called.name}" from opset ${from} to ${raise.target}: opsets ` +
        `${OLDEST_OPSET} to ${NEWEST_OPSET} are known here`,
    );
  }
  // The body as a graph: its inputs have no types, its values live in a scope of their own.
  const names = [...called.input, ...called.output].map((name) => ({ name }));
  const scope = create(GraphProtoSchema, { node: called.node, output: names });
  const { node } = raiseOwn(scope, { ...raise, from });
  return { ...called, node, opsetImport: raised(called.opsetImport, raise.target) };
}

function makeContext(
  graph: GraphProto,
  { onlyFloat32, refuse }: Raise,
  fresh: (base: string) => string,
  known: Outer,
): Context {
  const types = statedTypes(graph);
  const made = new Map<string, TensorProto>();
  const read = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) for (const name of namesRead(node)) read.add(name);
  return {
    fresh,
    refuse,
    rank: (name) => known.ranks.get(name),
    constant: (name): Tensor | undefined => {
      const tensor = made.get(name) ?? known.constants.get(name);
      return tensor && readTensorProto(tensor);
    },
    made: (node) => {
      const [name] = node.output;
      const value = constantValue(node);
      if (name !== undefined && value !== undefined) made.set(name, value);
    },
    isRead: (name) => read.has(name),
    floatType: (name) => types.get(name) ?? (onlyFloat32 ? DataType.FLOAT : undefined),
  };
}

/** The element types that a graph states of its values, those in bodies aside. */
export function statedTypes(graph: GraphProto): Map<string, number> {
  const types = new Map<string, number>();
  for (const { name, type } of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    if (type?.value.case === "tensorType") types.set(name, type.value.value.elemType);
  }
  for (const [name, { dataType }] of constants(graph)) types.set(name, dataType);
  return types;
}

function isOnlyFloat32(proto: ModelProto): boolean {
  const others = new Set<number>([DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16]);
  for (const { dataType } of allTensors(proto)) if (others.has(dataType)) return false;
  const casts = (node: NodeProto): boolean =>
    (node.opType === "Cast" &&
      node.attribute.some(({ name, i }) => name === "to" && others.has(Number(i)))) ||
    subgraphs(node).some(used);
  const used = (graph: GraphProto): boolean =>
    [...graph.input, ...graph.output, ...graph.valueInfo].some(({ type }) =>
      type?.value.case === "tensorType" && others.has(type.value.value.elemType)
    ) || graph.node.some(casts);
  return !(proto.graph && used(proto.graph)) &&
    !proto.functions.some(({ node }) => node.some(casts));
}

function raised(imports: readonly OperatorSetIdProto[], target: number): OperatorSetIdProto[] {
  const version = BigInt(target);
  if (imports.some(isStandard)) {
    return imports.map((entry) => isStandard(entry) ? { ...entry, version } : entry);
  }
  return [create(OperatorSetIdProtoSchema, { version }), ...imports];
}

/** IR version that came with each operator set from 13 on; readers may refuse an older one. */
const irVersions: Readonly<Record<number, bigint>> = {
  13: 7n,
  14: 7n,
  15: 8n,
  16: 8n,
  17: 8n,
  18: 8n,
  19: 9n,
  20: 9n,
  21: 10n,
  22: 10n,
  23: 11n,
  24: 12n,
  25: 13n,
  26: 13n,
};

function withIrVersion(proto: ModelProto, target: number): ModelProto {
  const irVersion = irVersions[target] ?? 0n;
  return proto.irVersion >= irVersion ? proto : { ...proto, irVersion };
}

/**
 * Until IR 3 every initializer had to be listed as an input. From IR 4 on that says that the caller
 * may override it, and runtimes then neither fold nor quantize it.
 */
function withoutListedInitializers(graph: GraphProto, { irVersion }: ModelProto): GraphProto {
  if (irVersion >= 4n) return graph;
  const names = new Set(graph.initializer.map(({ name }) => name));
  return { ...graph, input: graph.input.filter(({ name }) => !names.has(name)) };
}
