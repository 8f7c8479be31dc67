import { createHash } from "node:crypto";
import type { Model } from "../onnx/model.ts";
import type { AttributeProto, GraphProto, TensorProto } from "../onnx/onnx_pb.ts";
import { byteLengthOf, rawBytes } from "../onnx/tensor_proto.ts";
import { TensorProto_DataType as DataType } from "../onnx/onnx_pb.ts";

/** Types whose values are weights: what they are does not change how long it takes. */
const WEIGHTS: ReadonlySet<number> = new Set([
  DataType.FLOAT,
  DataType.FLOAT16,
  DataType.DOUBLE,
  DataType.INT8,
  DataType.UINT8,
  DataType.INT32,
]);

/** Weights as small as that decide what is computed: bounds of a Clip, zero points. */
const SMALL = 8;

/**
 * A hash of all that decides how long a model takes: operators, attributes, types, shapes, and how the
 * nodes hang together; but not names, nor the values of weights. Two equal layers of a network have
 * the same, and so has a layer of another network.
 */
export function signatureOf(model: Model): string {
  const opsets = model.proto.opsetImport.map(({ domain, version }) => `${domain} ${version}`);
  const text = JSON.stringify([opsets.sort(), describeGraph(model.graph, new Map())]);
  return createHash("sha256").update(text).digest("hex");
}

function describeGraph(graph: GraphProto, outer: ReadonlyMap<string, number>): unknown {
  const numbers = new Map(outer);
  const number = (name: string) => {
    if (name === "") return -1;
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return numbers.get(name)!;
  };
  return [
    graph.input.map(({ name, type }) => [number(name), typeText(type)]),
    graph.initializer.map((tensor) => [number(tensor.name), describeTensor(tensor)]),
    graph.node.map(({ opType, domain, input, output, attribute }) => [
      opType,
      domain,
      input.map(number),
      output.map(number),
      attribute.map((one) => describeAttribute(one, numbers))
        .sort((a, b) => a.name < b.name ? -1 : 1),
    ]),
    graph.output.map(({ name }) => number(name)),
  ];
}

function describeAttribute(
  { name, i, f, s, t, g, ints, floats, strings }: AttributeProto,
  numbers: ReadonlyMap<string, number>,
) {
  return {
    name,
    value: [
      ...[i, ...ints].map(String),
      ...[f, ...floats],
      ...[s, ...strings].map((text) => text && new TextDecoder().decode(text)),
      t && describeTensor(t),
      g && describeGraph(g, numbers),
    ],
  };
}

function describeTensor(tensor: TensorProto): unknown {
  const { dataType, dims } = tensor;
  const shape = [dataType, ...dims.map(Number)];
  if (dataType === DataType.STRING) return shape;
  if (WEIGHTS.has(dataType) && byteLengthOf(tensor) > SMALL) return shape;
  return [...shape, createHash("sha256").update(rawBytes(tensor)).digest("hex").slice(0, 16)];
}

function typeText(type: GraphProto["input"][number]["type"]): unknown {
  if (type?.value.case !== "tensorType") return type?.value.case ?? null;
  const { elemType, shape } = type.value.value;
  return [elemType, ...shape?.dim.map(({ value }) => String(value.value)) ?? ["?"]];
}
