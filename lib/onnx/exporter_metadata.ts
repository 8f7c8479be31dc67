import { mapSubgraphs } from "./graph.ts";
import { mapSame } from "./map_same.ts";
import type { Model } from "./model.ts";
import type {
  AttributeProto,
  GraphProto,
  ModelProto,
  NodeProto,
  StringStringEntryProto,
} from "./onnx_pb.ts";

/**
 * A model without what its exporter noted for people who look for faults: scopes, stack traces with the
 * paths and source lines of the machine it was exported on, descriptions of nodes and weights. No runtime
 * reads them, and of a small network they are most of the file.
 *
 * The metadata and the description of the model as a whole stay, as programs read them (names of classes,
 * sizes of pictures), except what torch's exporter puts there.
 *
 * @returns The same model if there is nothing to drop.
 */
export function withoutExporterMetadata(model: Model): Model {
  return model.withProto(plainProto(model.proto));
}

function plainProto(proto: ModelProto): ModelProto {
  const graph = proto.graph && plainGraph(proto.graph);
  const functions = mapSame(proto.functions, (called) => {
    const node = mapSame(called.node, plainNode);
    return node === called.node && isPlain(called) ? called : { ...called, ...NOTHING, node };
  });
  const metadataProps = withoutTorch(proto.metadataProps);
  const same = graph === proto.graph && functions === proto.functions &&
    metadataProps === proto.metadataProps;
  return same ? proto : { ...proto, graph, functions, metadataProps };
}

interface Noted {
  readonly docString?: string | undefined;
  readonly metadataProps: readonly StringStringEntryProto[];
}

const NOTHING = { docString: undefined, metadataProps: [] };

function isPlain({ docString, metadataProps }: Noted): boolean {
  return docString === undefined && metadataProps.length === 0;
}

function plain<T extends Noted>(noted: T): T {
  return isPlain(noted) ? noted : { ...noted, ...NOTHING };
}

function plainGraph(graph: GraphProto): GraphProto {
  const node = mapSame(graph.node, plainNode);
  const initializer = mapSame(graph.initializer, plain);
  const input = mapSame(graph.input, plain);
  const output = mapSame(graph.output, plain);
  const valueInfo = mapSame(graph.valueInfo, plain);
  const same = isPlain(graph) && node === graph.node && initializer === graph.initializer &&
    input === graph.input && output === graph.output && valueInfo === graph.valueInfo;
  return same ? graph : { ...plain(graph), node, initializer, input, output, valueInfo };
}

function plainNode(node: NodeProto): NodeProto {
  const inner = mapSubgraphs(node, plainGraph);
  const attribute = mapSame(inner.attribute, plainAttribute);
  return plain(attribute === inner.attribute ? inner : { ...inner, attribute });
}

function plainAttribute(attribute: AttributeProto): AttributeProto {
  return attribute.docString === undefined ? attribute : { ...attribute, docString: undefined };
}

function withoutTorch(entries: StringStringEntryProto[]): StringStringEntryProto[] {
  const kept = entries.filter(({ key }) => !key.startsWith("pkg.torch."));
  return kept.length === entries.length ? entries : kept;
}
