import { allNodes, makeNamer, mapSubgraphs } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { floatAttribute, intAttribute, intsAttribute, isStandard, makeNode } from "../onnx/node.ts";
import {
  type GraphProto,
  type NodeProto,
  TensorProto_DataType as DataType,
} from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import { random } from "../random.ts";
import { elementCount, float32, type Tensor } from "../tensor/tensor.ts";
import { Emitter } from "./emitter.ts";

/** Nodes whose values differ from run to run, wherever they stand. */
export function randomNodes({ graph }: Pick<Model, "graph">): NodeProto[] {
  return [...allNodes(graph)].filter((node) => isStandard(node) && RANDOM.has(node.opType));
}

const RANDOM: ReadonlySet<string> = new Set([
  "RandomNormal",
  "RandomNormalLike",
  "RandomUniform",
  "RandomUniformLike",
  "Bernoulli",
  "Multinomial",
]);

/** Whether {@linkcode freezeRandom} can take the chance out of a node. */
export function canFreeze({ opType }: NodeProto, opset: number): boolean {
  return opType !== "Multinomial" && opset >= FIRST_OPSET;
}

/** NonZero and ConstantOfShape came with it. */
const FIRST_OPSET = 9;

/** Numbers of a table of noise: a prime, so that no axis of a tensor is in step with it. */
const TABLE = 8191;

/** A model is frozen once: the runtime knows loaded models by their object. */
const frozen = new WeakMap<Model, Model>();

/**
 * The model with its random nodes made to give the same noise in every run: numbers of the same distribution
 * from a table, which follow from the shape and the name of the value alone. A network and its int8 form then
 * get the same noise, and what differs is what int8 did. It is for comparisons, not for use: the files that
 * are written keep their random nodes.
 *
 * The `seed` of such a node would not do. onnxruntime seeds a node when it loads a model and goes on from
 * there, so that its noise depends on what the session ran before.
 *
 * @returns The same model where nothing in it is random. Nodes that {@linkcode canFreeze} refuses stay.
 */
export function freezeRandom(model: Model): Model {
  if (!model.graph || randomNodes(model).length === 0) return model;
  const known = frozen.get(model);
  if (known) return known;
  const fresh = makeNamer(model.graph);
  const made = model.withGraph(frozenGraph(model.graph, model.opset, fresh));
  frozen.set(model, made);
  return made;
}

function frozenGraph(
  graph: GraphProto,
  opset: number,
  fresh: (base: string) => string,
): GraphProto {
  const emitter = new Emitter(fresh, "/frozen_noise");
  for (const outer of graph.node) {
    const node = mapSubgraphs(outer, (body) => frozenGraph(body, opset, fresh));
    if (isStandard(node) && RANDOM.has(node.opType) && canFreeze(node, opset)) {
      const value = frozenNoise(node, emitter, opset);
      emitter.nodes.push(makeNode("Identity", [value], [node.output[0]!], {}, { name: node.name }));
    } else emitter.nodes.push(node);
  }
  const initializer = [...graph.initializer, ...emitter.initializers];
  return { ...graph, node: emitter.nodes, initializer };
}

/** Writes the nodes that give a random node's values. @returns Their result's name. */
function frozenNoise(node: NodeProto, emitter: Emitter, opset: number): string {
  const { opType, input: [like = ""] } = node;
  const isNormal = opType.startsWith("RandomNormal");
  const dtype = intAttribute(node, "dtype", 0);
  const table = noiseTable(isNormal, node.output[0]!);
  const shape = intsAttribute(node, "shape");
  if (shape) {
    const count = elementCount(shape);
    const data = Float32Array.from({ length: count }, (_, i) => table[i % TABLE]!);
    const noise = emitter.constant("noise", float32(shape, data));
    return cast(scaled(noise, node, emitter), dtype || DataType.FLOAT, emitter);
  }
  const noise = likeShape(like, table, emitter, opset);
  if (opType === "Bernoulli") {
    const odds = emitter.add("Cast", [like], { to: DataType.FLOAT });
    const drawn = emitter.add("Less", [noise, odds]);
    if (dtype === 0 && opset >= 15) return emitter.add("CastLike", [drawn, like]);
    return emitter.add("Cast", [drawn], { to: dtype || DataType.FLOAT });
  }
  const result = scaled(noise, node, emitter);
  if (dtype === 0 && opset >= 15) return emitter.add("CastLike", [result, like]);
  return cast(result, dtype || DataType.FLOAT, emitter);
}

/** Numbers of a table in the shape of a value: the i-th element takes the i-th of them, around and around. */
function likeShape(like: string, table: Float32Array, emitter: Emitter, opset: number): string {
  const shape = emitter.add("Shape", [like]);
  const count = emitter.add("Reshape", [emitter.add("Size", [like]), emitter.int64([1])]);
  const one: Tensor<"int64"> = { type: "int64", dims: [1], data: BigInt64Array.of(1n) };
  const ones = emitter.add("ConstantOfShape", [count], { value: makeTensorProto("", one) });
  const index = emitter.add("NonZero", [ones]);
  const length = emitter.int64(TABLE);
  const rounds = emitter.add("Mul", [emitter.add("Div", [index, length]), length]);
  const place = emitter.add("Sub", [index, rounds]);
  const values = emitter.constant("noise", float32([TABLE], table));
  const noise = emitter.add("Gather", [values, place]);
  return emitter.add("Reshape", [noise, shape], opset >= 14 ? { allowzero: 1 } : {});
}

/** Moves noise of unit spread to what the node asks for. */
function scaled(noise: string, node: NodeProto, emitter: Emitter): string {
  const isNormal = node.opType.startsWith("RandomNormal");
  const low = isNormal ? floatAttribute(node, "mean", 0) : floatAttribute(node, "low", 0);
  const width = isNormal ? floatAttribute(node, "scale", 1) : floatAttribute(node, "high", 1) - low;
  if (low === 0 && width === 1) return noise;
  const constant = (value: number) => emitter.constant("noise", float32([], [value]));
  return emitter.add("Add", [emitter.add("Mul", [noise, constant(width)]), constant(low)]);
}

function cast(value: string, to: DataType, emitter: Emitter): string {
  return to === DataType.FLOAT ? value : emitter.add("Cast", [value], { to });
}

/** Normal numbers (Box and Muller's way), or uniform ones within 0..1, by the name of the value. */
function noiseTable(isNormal: boolean, name: string): Float32Array {
  let seed = 0;
  for (const character of name) seed = Math.imul(seed, 31) + character.codePointAt(0)! | 0;
  const stream = random(seed);
  return Float32Array.from({ length: TABLE }, () => {
    const uniform = stream.between(0, 1);
    if (!isNormal) return uniform;
    return Math.sqrt(-2 * Math.log(1 - uniform)) * Math.cos(2 * Math.PI * stream.between(0, 1));
  });
}
