import { withoutExporterMetadata } from "../../onnx/exporter_metadata.ts";
import type { Model } from "../../onnx/model.ts";
import { TensorProto_DataType as DataType } from "../../onnx/onnx_pb.ts";
import type { Undone } from "../../passes/undo/undo_int8.ts";
import type { TimedGraph } from "../../profile/timed_nodes.ts";
import type { FileFinding } from "../../record/diagnosis_record.ts";

/** A file, with what rules that are not about int8 layers look at. */
export interface FileView {
  /** Each node with a name of its own. */
  readonly model: Model;
  /** What it was read as. */
  readonly undone: Undone;
  /** Types besides float32 that it computes in: `float16`. */
  readonly floats: readonly string[];
  readonly timed: TimedGraph;
  readonly wholeMs: number;
}

/** A rule about a file as a whole. */
export type GraphRule = (view: FileView) => FileFinding | undefined;

/** The rules that are not about int8 layers. */
export const GRAPH_RULES: readonly GraphRule[] = [
  otherFloats,
  roundedWeights,
  roundedSoftmax,
  unknownIntegers,
  notes,
];

/** Operators of float16 and the like, which the runtime takes apart. */
function otherFloats({ floats, timed, wholeMs }: FileView): FileFinding | undefined {
  const casts = timed.nodes.filter(({ node }) => node.opType === "Cast");
  if (floats.length === 0 || casts.length === 0) return undefined;
  const ms = casts.reduce((sum, { ms }) => sum + ms, 0);
  const types = floats.join(" and ");
  return {
    rule: "float16-operators",
    title: `${types} operators`,
    nodes: [...new Set(casts.flatMap(({ covers }) => covers.slice(0, 1)))],
    layers: casts.length,
    ...{ ms, share: ms / wholeMs, savesMs: ms },
    why:
      `few WASM kernels compute in ${types}: the runtime puts a Cast before and behind each of these ` +
      "operators, in each run.",
    mends: "operators in float32 with weights stored as they are: as small, without the Casts.",
  };
}

/** Float32 layers that the runtime makes int8 by itself: it costs accuracy. */
function roundedWeights({ model: { graph }, timed }: FileView): FileFinding | undefined {
  const floats = new Map(
    graph.initializer.filter(({ dataType }) => dataType === DataType.FLOAT)
      .map((tensor) => [tensor.name, tensor]),
  );
  const layers = new Set(
    graph.node.filter(({ opType, input }) =>
      /^(Conv|Gemm)$/.test(opType) && floats.has(input[1] ?? "")
    ).map(({ name }) => name),
  );
  const nodes = timed.nodes.filter(({ node }) => /^(QLinearConv|QGemm)$/.test(node.opType))
    .flatMap(({ covers }) => covers.slice(0, 1).filter((name) => layers.has(name)));
  if (nodes.length === 0) return undefined;
  return {
    ...{ rule: "rounded-weights", title: "float32 weights rounded", nodes, layers: nodes.length },
    savesMs: 0,
    why:
      "these are float32 in the file, between DequantizeLinear and QuantizeLinear: the runtime makes them " +
      "int8 when it loads the file, with one scale for all channels.",
    mends:
      "int8 weights with a scale for each channel, or float32 behind a node that the runtime does not see " +
      "through, as Octavo writes it.",
  };
}

/** Softmax on a range that ends below 1: it costs accuracy. */
function roundedSoftmax({ undone: { layers, model, ranges } }: FileView): FileFinding | undefined {
  const int8 = new Set(layers.map(({ node }) => node));
  const nodes = model.graph.node.filter(({ opType, name, output }) =>
    opType === "Softmax" && int8.has(name) && ranges.get(output[0]!)?.scale === 1 / 256
  ).map(({ name }) => name);
  if (nodes.length === 0) return undefined;
  return {
    ...{ rule: "rounded-softmax", title: "Softmax that ends below 1", nodes, layers: nodes.length },
    savesMs: 0,
    why: "its result has steps of 1/256, of which the last is 0.996: what is certain loses 0.4 %.",
    mends: "steps of 1/255, or float32.",
  };
}

/** Nodes on integers that stay as they are. */
function unknownIntegers(
  { undone: { left }, timed, wholeMs }: FileView,
): FileFinding | undefined {
  if (left.length === 0) return undefined;
  const names = new Set(left.map(({ name }) => name));
  const own = timed.nodes.filter(({ covers }) =>
    covers.slice(0, 1).some((name) => names.has(name))
  );
  const ms = own.reduce((sum, { ms }) => sum + ms, 0);
  const reasons = Map.groupBy(left, ({ operator, why }) => `${operator}: ${why}`);
  const shown = [...reasons].map(([reason, nodes]) =>
    nodes.length > 1 ? `${nodes.length} ${reason}` : reason
  );
  return {
    rule: "unknown-integers",
    title: "integers left as they are",
    nodes: left.map(({ name }) => name),
    layers: left.length,
    ...{ ms, share: ms / wholeMs, savesMs: 0 },
    why: `these are not read as float32. ${shown.slice(0, SHOWN).join("; ")}` +
      `${shown.length > SHOWN ? "; and others" : ""}.`,
    mends: "nothing here: quantize the float32 network again.",
  };
}

/** Reasons that are told in full. */
const SHOWN = 3;

/** What notes may take of a file before they are told, as a share, and bytes. */
const FEW_NOTES = { share: 0.02, bytes: 4096 };

/** What an exporter noted for people who look for faults. */
function notes({ model }: FileView): FileFinding | undefined {
  const plain = withoutExporterMetadata(model);
  if (plain === model) return undefined;
  const all = model.bytes().length;
  const bytes = all - plain.bytes().length;
  if (bytes < FEW_NOTES.bytes || bytes < FEW_NOTES.share * all) return undefined;
  return {
    ...{ rule: "exporter-metadata", title: "notes of the exporter", nodes: [], layers: 0 },
    ...{ savesMs: 0, bytes },
    why:
      "nodes carry scopes and stack traces, with paths of the machine that exported them. No runtime " +
      "reads them, but every page loads them.",
    mends: "every command of Octavo that writes a model leaves them out.",
  };
}
