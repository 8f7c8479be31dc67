import { mapSame } from "./map_same.ts";
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from "./onnx_pb.ts";

/** Every tensor a model holds: initializers and attributes, in bodies, functions and training too. */
export function* allTensors(model: ModelProto): Generator<TensorProto> {
  if (model.graph) yield* tensorsOfGraph(model.graph);
  for (const { node, attributeProto } of model.functions) {
    yield* tensorsOfNodes(node);
    for (const attribute of attributeProto) yield* tensorsOfAttribute(attribute);
  }
  for (const { initialization, algorithm } of model.trainingInfo) {
    if (initialization) yield* tensorsOfGraph(initialization);
    if (algorithm) yield* tensorsOfGraph(algorithm);
  }
}

function* tensorsOfGraph(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const { values, indices } of graph.sparseInitializer) {
    if (values) yield values;
    if (indices) yield indices;
  }
  yield* tensorsOfNodes(graph.node);
}

function* tensorsOfNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const { attribute } of nodes) {
    for (const one of attribute) yield* tensorsOfAttribute(one);
  }
}

function* tensorsOfAttribute(attribute: AttributeProto): Generator<TensorProto> {
  const { t, tensors, g, graphs, sparseTensor, sparseTensors } = attribute;
  if (t) yield t;
  yield* tensors;
  for (
    const { values, indices } of sparseTensor ? [sparseTensor, ...sparseTensors] : sparseTensors
  ) {
    if (values) yield values;
    if (indices) yield indices;
  }
  if (g) yield* tensorsOfGraph(g);
  for (const graph of graphs) yield* tensorsOfGraph(graph);
}

/**
 * A copy of the model with every tensor mapped that {@linkcode allTensors} visits, except those of
 * sparse tensors; the same object if none changed.
 */
export function mapTensors(
  model: ModelProto,
  map: (tensor: TensorProto) => TensorProto,
): ModelProto {
  const inAttribute = (attribute: AttributeProto): AttributeProto => {
    const t = attribute.t && map(attribute.t);
    const tensors = mapSame(attribute.tensors, map);
    const g = attribute.g && inGraph(attribute.g);
    const graphs = mapSame(attribute.graphs, inGraph);
    const same = t === attribute.t && tensors === attribute.tensors && g === attribute.g &&
      graphs === attribute.graphs;
    return same ? attribute : { ...attribute, t, tensors, g, graphs };
  };
  const inNode = (node: NodeProto): NodeProto => {
    const attribute = mapSame(node.attribute, inAttribute);
    return attribute === node.attribute ? node : { ...node, attribute };
  };
  const inGraph = (graph: GraphProto): GraphProto => {
    const initializer = mapSame(graph.initializer, map);
    const node = mapSame(graph.node, inNode);
    const same = initializer === graph.initializer && node === graph.node;
    return same ? graph : { ...graph, initializer, node };
  };
  const graph = model.graph && inGraph(model.graph);
  const functions = mapSame(model.functions, (called) => {
    const node = mapSame(called.node, inNode);
    const attributeProto = mapSame(called.attributeProto, inAttribute);
    const same = node === called.node && attributeProto === called.attributeProto;
    return same ? called : { ...called, node, attributeProto };
  });
  const trainingInfo = mapSame(model.trainingInfo, (info) => {
    const initialization = info.initialization && inGraph(info.initialization);
    const algorithm = info.algorithm && inGraph(info.algorithm);
    const same = initialization === info.initialization && algorithm === info.algorithm;
    return same ? info : { ...info, initialization, algorithm };
  });
  const same = graph === model.graph && functions === model.functions &&
    trainingInfo === model.trainingInfo;
  return same ? model : { ...model, graph, functions, trainingInfo };
}
