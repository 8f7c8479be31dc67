import { create } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import { allNodes, makeNamer, mapSubgraphs, subgraphs } from "./graph.ts";
import { domainOf, isStandard, makeNode } from "./node.ts";
import {
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
} from "./onnx_pb.ts";
import { conversions, unchanged } from "./opset_conversions.ts";
import { raiseProto, standardOpset } from "./raise_proto.ts";
import { renameGraph } from "./rename.ts";

/** Domains beside the standard's whose operators a runtime brings itself. */
const OPERATOR_DOMAINS = new Set(["ai.onnx.ml", "com.microsoft"]);

/** Most nodes that calls may become: functions that call others twice grow without bound. */
const MOST_NODES = 100_000;

/** Most functions that are open at once, each called by the one before. */
const MOST_OPEN = 500;

/**
 * Puts the bodies of the functions that a model brings along in the place of their calls, those in bodies
 * and in other functions too, so that everything else sees plain nodes. Functions named like operators
 * of the runtime stay.
 *
 * @param name What messages call the model.
 * @returns The model, and the names of the functions that went; the same model if there was none.
 * @throws {UserError} If functions call each other in a circle, if they come to more than 100,000
 * nodes, or if one needs other operator sets than the model and an operator has no form in both.
 */
export function inlineFunctions(
  proto: ModelProto,
  name: string,
): { proto: ModelProto; inlined: string[] } {
  const { graph } = proto;
  const ours = proto.functions.filter(isInlined);
  if (!graph || ours.length === 0) return { proto, inlined: [] };
  const versions = [proto, ...ours].flatMap((one) => standardOpset(one.opsetImport) ?? []);
  const raised = raiseProto(proto, name, Math.max(0, ...versions));
  const inliner = new Inliner(raised, name);
  inliner.requireEnd(raised.graph!);
  const rewritten = inliner.inline(raised.graph!);
  const functions = raised.functions.filter((called) => !isInlined(called));
  const opsetImport = mergedImports(raised, functions, rewritten);
  return {
    proto: { ...raised, graph: rewritten, functions, opsetImport },
    inlined: ours.map((one) => one.name).filter((one) => inliner.called.has(one)),
  };
}

/**
 * Whether a function is to stand in the place of its calls. What a file says of an operator that the
 * runtime brings is for runtimes without it, and slower and larger than the operator: int4 weights would
 * be unpacked. Such calls stay.
 */
function isInlined(called: FunctionProto): boolean {
  const { domain, name } = called;
  if (!isStandard(called)) return !OPERATOR_DOMAINS.has(domain);
  return !unchanged.has(name) && !Object.hasOwn(conversions, name);
}

/** The operator sets of the model and its functions, without the domains that only calls had. */
function mergedImports(
  { opsetImport, functions: before }: ModelProto,
  functions: readonly FunctionProto[],
  graph: GraphProto,
): OperatorSetIdProto[] {
  const used = new Set(Array.from(allNodes(graph), domainOf));
  for (const { node } of functions) for (const one of node) used.add(domainOf(one));
  const gone = new Set(
    before.filter((called) => !isStandard(called)).map(domainOf)
      .filter((domain) => !used.has(domain)),
  );
  const merged = new Map(opsetImport.map((entry) => [domainOf(entry), entry]));
  for (const entry of before.flatMap((called) => called.opsetImport)) {
    const domain = domainOf(entry);
    const known = merged.get(domain);
    if (!known || known.version < entry.version) merged.set(domain, entry);
  }
  return [...merged.values()].filter((entry) => !gone.has(domainOf(entry)));
}

/** Puts bodies in the place of calls, for one model. */
class Inliner {
  /** Names of the functions that were called. */
  readonly called = new Set<string>();
  readonly #functions: ReadonlyMap<string, FunctionProto>;
  readonly #fresh: (base: string) => string;
  readonly #name: string;
  readonly #open = new Set<FunctionProto>();
  readonly #sizes = new Map<FunctionProto, number>();

  constructor({ graph, functions }: ModelProto, name: string) {
    const ours = functions.filter(isInlined);
    this.#functions = new Map(
      ours.map((one) => [keyOf(domainOf(one), one.name, one.overload), one]),
    );
    this.#fresh = makeNamer(graph!);
    this.#name = name;
  }

  /** @throws {UserError} If putting bodies in the place of calls would not end, or not soon. */
  requireEnd(graph: GraphProto): void {
    const calls = Array.from(allNodes(graph), (node) => this.#functionOf(node));
    const made = calls.reduce((sum, called) => sum + (called ? this.#sizeOf(called) : 0), 0);
    if (made > MOST_NODES) {
      this.#refuse(`its functions call each other to more than ${MOST_NODES} nodes`);
    }
  }

  inline(graph: GraphProto): GraphProto {
    return { ...graph, node: graph.node.flatMap((node) => this.#node(node)) };
  }

  #node(node: NodeProto): NodeProto[] {
    const called = this.#functionOf(node);
    if (called) return this.#call(node, called);
    return [mapSubgraphs(node, (body) => this.inline(body))];
  }

  #call(call: NodeProto, called: FunctionProto): NodeProto[] {
    this.called.add(called.name);
    return instance(call, called, this.#fresh).flatMap((node) => this.#node(node));
  }

  #functionOf(node: NodeProto): FunctionProto | undefined {
    return this.#functions.get(keyOf(domainOf(node), node.opType, node.overload));
  }

  /** Number of nodes that a function is, with all that it calls. */
  #sizeOf(called: FunctionProto): number {
    const known = this.#sizes.get(called);
    if (known !== undefined) return known;
    if (this.#open.has(called)) {
      return this.#refuse(`its function "${called.name}" calls itself, which ONNX does not know`);
    }
    this.#open.add(called);
    if (this.#open.size > MOST_OPEN) {
      return this.#refuse(`its functions call each other more than ${MOST_OPEN} deep`);
    }
    const size = this.#sum(called.node);
    this.#open.delete(called);
    this.#sizes.set(called, size);
    return size;
  }

  #sum(nodes: readonly NodeProto[]): number {
    return nodes.reduce((sum, node) => {
      const called = this.#functionOf(node);
      const inside = subgraphs(node).reduce((total, body) => total + this.#sum(body.node), 0);
      return sum + (called ? this.#sizeOf(called) : 1) + inside;
    }, 0);
  }

  #refuse(found: string): never {
    throw new UserError(`Cannot read ${this.#name} as an ONNX model: ${found}`);
  }
}

function keyOf(domain: string, name: string, overload: string | undefined): string {
  return [domain, name, overload ?? ""].join("\n");
}

/**
 * The body of a function as one call of it means it: with the call's values in place of the
 * function's, attributes bound, and all else under names of its own, which begin with the call's.
 */
function instance(
  call: NodeProto,
  called: FunctionProto,
  fresh: (base: string) => string,
): NodeProto[] {
  const names = new Map(called.input.map((formal, i) => [formal, call.input[i] ?? ""]));
  const passed: NodeProto[] = [];
  called.output.forEach((formal, i) => {
    const actual = call.output[i];
    if (!actual) return; // left out: it gets a name of its own, and nobody reads it
    const given = names.get(formal);
    if (given === undefined) names.set(formal, actual);
    else passed.push(makeNode("Identity", [given], [actual], {}, { name: fresh(actual) }));
  });
  const prefix = call.name || call.output.find((name) => name !== "") || called.name;
  const rename = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const made = fresh(`${prefix}/${name}`);
    names.set(name, made);
    return made;
  };
  const attributes = boundAttributes(call, called);
  const named = called.node.map((node, i) =>
    node.name ? node : { ...node, name: nodeName(node, i) }
  );
  const node = named.map((one) => bindNode(one, attributes));
  const body = renameGraph(create(GraphProtoSchema, { node }), rename);
  return [...body.node, ...passed];
}

/** What stands for a node without a name: exporters write `Conv_3`. */
function nodeName({ opType }: NodeProto, index: number): string {
  return `${opType}_${index}`;
}

/** The attributes that a body may refer to, by name: those of the call, and defaults. */
function boundAttributes(
  call: NodeProto,
  called: FunctionProto,
): Map<string, AttributeProto> {
  const defaults = called.attributeProto.map((one) => [one.name, one] as const);
  return new Map([...defaults, ...call.attribute.map((one) => [one.name, one] as const)]);
}

/** Puts values where a node of a body, or of a body in it, refers to an attribute of the call. */
function bindNode(node: NodeProto, given: ReadonlyMap<string, AttributeProto>): NodeProto {
  const attribute = node.attribute.flatMap((one): AttributeProto[] => {
    if (!one.refAttrName) return [one];
    const value = given.get(one.refAttrName);
    // Without a value it is as if it were not there, and the operator's own default holds.
    return value ? [{ ...value, name: one.name }] : [];
  });
  const inside = (body: GraphProto): GraphProto => ({
    ...body,
    node: body.node.map((inner) => bindNode(inner, given)),
  });
  return mapSubgraphs({ ...node, attribute }, inside);
}
