import { emptyStatistics, type TensorStatistics } from "../calibrate/statistics.ts";
import type { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import type { GraphProto, NodeProto } from "../onnx/onnx_pb.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import { convert } from "../quantize/convert.ts";
import { type QConfigMapping, qconfigMapping } from "../quantize/mapping.ts";
import { dynamicInt8, type QConfig, staticInt8 } from "../quantize/qconfig.ts";
import { float32, type Tensor } from "../tensor/tensor.ts";
import type { TimedSubgraph } from "./time_kernels.ts";
import { type Subgraph, valueInfo } from "../onnx/extract.ts";

/** One way to compute a subgraph. */
export interface Form {
  readonly kind: "float32" | "static" | "dynamic";
  /** The subgraph written so. */
  readonly timed: TimedSubgraph;
  /** What each of its nodes is to be, by name; nodes that may stay float32 are left out. */
  readonly asked: ReadonlyMap<string, QConfig>;
  /** What it was converted from without ranges, which no time depends on. */
  readonly unranged?: { readonly model: Model; readonly mapping: QConfigMapping };
}

/** Any int8 kernel will do: which of them are slow is for the clock to say. */
const STATIC = staticInt8({ kernels: "any" });
const DYNAMIC = dynamicInt8();

/** The subgraph as it is. */
export function floatForm(subgraph: Subgraph): Form {
  return { kind: "float32", timed: { subgraph, own: namesOf(subgraph) }, asked: new Map() };
}

/**
 * The subgraph in static int8, all of it, fed and read as float32: what changes precision and layout
 * at its edges is for {@linkcode findEdges} to tell apart. None if it cannot all be static.
 *
 * A Gemm or MatMul may give float32 or uint8: there is a form for each. A pool is also tried behind a
 * Conv, where it finds channels last, for which it has a faster kernel (kernel fact
 * int8-max-pool-with-channels-last).
 */
export function staticForms(subgraph: Subgraph): Form[] {
  const forms = [writeStatic(subgraph)];
  const [first] = subgraph.model.graph.node;
  if (first?.opType === "Gemm" || first?.opType === "MatMul") {
    forms.push(writeStatic(withReader(subgraph)));
  }
  if (first?.opType === "MaxPool" && rankOf(subgraph) === 4) {
    forms.push(writeStatic(behindConv(subgraph)));
  }
  return forms.flatMap((form) => form ?? []);
}

/** The subgraph in dynamic int8, as far as it can be; undefined if nothing of it can. */
export function dynamicForm(subgraph: Subgraph): Form | undefined {
  const mapping = qconfigMapping({ default: DYNAMIC, onUnsupported: "float32" });
  const model = convert(subgraph.model, mapping);
  const asked = new Map<string, QConfig>(
    model.plan.rows.flatMap(({ node }, i) =>
      model.traces[i]!.form === "dynamic" ? [[node, DYNAMIC]] : []
    ),
  );
  if (asked.size === 0) return undefined;
  return {
    kind: "dynamic",
    timed: { subgraph: { ...subgraph, model }, own: namesOf(subgraph) },
    asked,
  };
}

/** A subgraph together with nodes that stand in for its neighbours. */
interface InContext extends Subgraph {
  readonly context?: ReadonlySet<string>;
}

function writeStatic(subgraph: InContext): Form | undefined {
  const { model, feeds, context } = subgraph;
  // A mask of -Infinity has no range.
  const floats = Object.entries(feeds).filter(([, { type, data }]) =>
    type === "float32" && (data as Float32Array).every(Number.isFinite)
  );
  if (floats.length === 0) return undefined;
  const mapping = qconfigMapping({
    default: STATIC,
    int8Tensors: floats.map(([name]) => name),
    onUnsupported: "float32",
  });
  const written = convert(model, mapping, ANY_RANGE);
  const constant = constantNames(model.graph);
  const rows = written.plan.rows.map(({ node }, i) => ({ node, trace: written.traces[i]! }));
  const own = rows.filter(({ trace }) => !trace.outputs.every((name) => constant.has(name)));
  if (own.length === 0 || own.some(({ trace }) => trace.form !== "static")) return undefined;
  const mine = own.filter(({ node }) => !context?.has(node));
  return {
    kind: "static",
    timed: { subgraph: { model: written, feeds }, own: namesOf(subgraph), context },
    asked: new Map(mine.map(({ node }) => [node, STATIC])),
    unranged: { model, mapping },
  };
}

/** Names of what a graph computes when it loads. */
function constantNames({ initializer, node }: GraphProto): Set<string> {
  const names = new Set(initializer.map(({ name }) => name));
  for (const { input, output } of node) {
    if (input.every((name) => name === "" || names.has(name))) {
      for (const name of output) names.add(name);
    }
  }
  return names;
}

/** Which range a tensor has does not change how long it takes. */
export const ANY_RANGE = {
  samples: 1,
  statistics: new class extends Map<string, TensorStatistics> {
    override get(): TensorStatistics {
      return { ...emptyStatistics(), count: 1, min: -1, max: 1 };
    }
  }(),
};

const READER = "octavo: reads int8";
const CONV = "octavo: gives channels last";

/** The subgraph with a node behind it that reads its result as uint8, and only moves it. */
function withReader(subgraph: Subgraph): InContext {
  const { model, feeds } = subgraph;
  const { graph } = model;
  const [output] = graph.output;
  const shape = makeTensorProto(`${READER} shape`, {
    type: "int64",
    dims: [1],
    data: BigInt64Array.of(-1n),
  });
  const read = makeNode("Reshape", [output!.name, shape.name], [READER], {}, { name: READER });
  const withIt: GraphProto = {
    ...graph,
    node: [...graph.node, read],
    initializer: [...graph.initializer, shape],
    output: [valueInfo(READER)],
  };
  return { model: model.withGraph(withIt), feeds, context: new Set([READER]) };
}

/** The subgraph with a Conv in front that has nothing to compute but gives its result channels last. */
function behindConv(subgraph: Subgraph): InContext {
  const { model, feeds } = subgraph;
  const { graph } = model;
  const [name, tensor] = Object.entries(feeds)[0] as [string, Tensor];
  const channels = tensor.dims[1]!;
  const weight = makeTensorProto(
    `${CONV} weight`,
    float32([channels, 1, 1, 1], new Float32Array(channels).fill(1)),
  );
  const conv = makeNode("Conv", [CONV, weight.name], [name], { group: channels }, { name: CONV });
  const withIt: GraphProto = {
    ...graph,
    node: [conv, ...graph.node],
    initializer: [...graph.initializer, weight],
    input: [valueInfo(CONV, tensor)],
  };
  return { model: model.withGraph(withIt), feeds: { [CONV]: tensor }, context: new Set([CONV]) };
}

function rankOf({ feeds }: Subgraph): number {
  return Object.values(feeds)[0]?.dims.length ?? 0;
}

function namesOf({ model }: Subgraph): Set<string> {
  return new Set(model.graph.node.map(({ name }: NodeProto) => name));
}
