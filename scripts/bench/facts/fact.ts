import { create } from "@bufbuild/protobuf";
import { valueTypes } from "../../../lib/onnx/graph.ts";
import { Model } from "../../../lib/onnx/model.ts";
import { type GraphProto, ModelProtoSchema } from "../../../lib/onnx/onnx_pb.ts";
import type { ShapeMap } from "../../../lib/onnx/shape_map.ts";
import { makeTensorProto } from "../../../lib/onnx/tensor_proto.ts";
import { parseGraph } from "../../../lib/onnx/text.ts";
import { random } from "../../../lib/random.ts";
import { learnShapes } from "../../../lib/runtime/learn_shapes.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";
import {
  elementCount,
  type Feeds,
  float32,
  numericArrays,
  type NumericType,
  type Tensor,
} from "../../../lib/tensor/tensor.ts";

/**
 * A rule about the speed of the runtime's kernels that the code relies on: two models that show it, and the
 * ratio of their times. Where lib relies on it a comment names it: `kernel fact lone-relu`.
 */
export interface KernelFact {
  readonly name: string;
  /** What is taken to be true, in one sentence. */
  readonly rule: string;
  /** The files of lib that rely on it. */
  readonly reliedOnBy: readonly string[];
  /** What the other is compared with. */
  readonly base: FactModel;
  /** What takes `ratio` times as long: a model, or what a pass makes of the base. */
  readonly other: FactModel | Rewrite;
  /** Time of the other over that of the base. */
  readonly ratio: number;
  /** By how many times the ratio may be another, up or down. @default {1.5} */
  readonly margin?: number;
  /** Whether both give the same bits. @default {nothing is said} */
  readonly isIdentical?: true;
}

/** A graph in text with constants. */
export interface FactModel {
  /** See `text.ts`; the names of {@linkcode COMMON} are constants. */
  readonly text: string;
  readonly constants?: Readonly<Record<string, Tensor>>;
  /** @default {17} */
  readonly opset?: number;
}

/** What a pass makes of a model. */
export type Rewrite = (model: Model, shapes: ShapeMap) => Model;

/** How far a ratio may be from the expected one, where a fact does not say so. */
const MARGIN = 1.5;

/** The ratios with which a fact holds. */
export function boundsOf({ ratio, margin = MARGIN }: KernelFact): { low: number; high: number } {
  return { low: ratio / margin, high: ratio * margin };
}

/** The two models of a fact, and what both are fed. */
export interface FactModels {
  readonly base: Model;
  readonly other: Model;
  readonly feeds: Feeds;
}

/**
 * Makes the models of a fact.
 *
 * @param runtime What shapes are learnt in, for passes that want them.
 */
export async function factModels(fact: KernelFact, runtime: Runtime): Promise<FactModels> {
  const { name, other } = fact;
  const written = typeof other === "function" ? [fact.base] : [fact.base, other];
  const graphs = written.map(({ text }) => parseGraph(text));
  // Both are fed the same: a model of int8 declares the float32 input of the other, too.
  const inputs = new Map(graphs.flatMap(({ input }) => input.map((one) => [one.name, one])));
  const [base, second] = written.map((model, i) =>
    modelOf({ ...graphs[i]!, input: [...inputs.values()] }, model, name)
  );
  const feeds = feedsOf(base!);
  if (typeof other !== "function") return { base: base!, other: second!, feeds };
  return { base: base!, other: other(base!, await learnShapes(base!, feeds, { runtime })), feeds };
}

/** Scales, zero points and numbers that graphs read by these names. */
const COMMON: Readonly<Record<string, Tensor>> = {
  scale: float32([], [0.02]),
  scale_y: float32([], [0.05]),
  u128: { type: "uint8", dims: [], data: Uint8Array.of(128) },
  u0: { type: "uint8", dims: [], data: Uint8Array.of(0) },
  s0: { type: "int8", dims: [], data: Int8Array.of(0) },
  zero: float32([], [0]),
  one: float32([], [1]),
  third: float32([], [1 / 3]),
};

function modelOf(
  graph: GraphProto,
  { text, constants = {}, opset = 17 }: FactModel,
  name: string,
): Model {
  const isRead = (constant: string) => new RegExp(`\\b${constant}\\b`).test(text);
  const all = Object.entries({ ...COMMON, ...constants }).filter(([name]) => isRead(name));
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [
      { domain: "", version: BigInt(opset) },
      { domain: "com.microsoft", version: 1n },
    ],
    graph: {
      ...graph,
      initializer: [
        ...graph.initializer,
        ...all.map(([name, data]) => makeTensorProto(name, data)),
      ],
    },
  });
  return new Model(proto, { name });
}

/** The same numbers in each run: floats between -1 and 1, all bytes, and indices below 64. */
function feedsOf({ graph }: Model): Feeds {
  return Object.fromEntries(
    valueTypes(graph).inputs.map(({ name, type, dims }) => [
      name,
      randomTensor(type as NumericType, dims as number[], { seed: 1, reach: 1 }),
    ]),
  );
}

/** Weights that keep the size of what goes through them. */
export function weights(...dims: number[]): Tensor {
  const fanIn = Math.max(1, elementCount(dims.slice(1)));
  return randomTensor("float32", dims, { seed: 2, reach: Math.sqrt(3 / fanIn) });
}

/** Integer weights, all steps alike. */
export function integers(type: "int8" | "uint8", ...dims: number[]): Tensor {
  return randomTensor(type, dims, { seed: 3, reach: 1 });
}

/** A list of shapes, axes or indices. */
export function list(...values: readonly number[]): Tensor {
  return { type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

function randomTensor(
  type: NumericType,
  dims: readonly number[],
  { seed, reach }: { seed: number; reach: number },
): Tensor {
  const stream = random(seed);
  const data = new numericArrays[type](elementCount(dims));
  for (let i = 0; i < data.length; i++) {
    if (type === "float32") data[i] = stream.between(-reach, reach);
    else if (data instanceof BigInt64Array) data[i] = BigInt(stream.bits() % 64);
    else data[i] = stream.bits(); // what is too large wraps around
  }
  return { type, dims, data } as Tensor;
}
