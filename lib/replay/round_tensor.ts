import { graphInputs, makeNamer, producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { makeNode } from "../onnx/node.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import { Origins } from "../passes/origins.ts";
import { redirectReaders } from "../passes/redirect.ts";
import type { AffineParams } from "../quantize/affine.ts";
import { float32 } from "../tensor/tensor.ts";

/**
 * The network with one tensor rounded to uint8 and back, and nothing else changed: all that read it, and
 * whoever reads an output of its name, get what `quantizeValue()` makes of it, times the scale.
 *
 * A `Sum` of one input behind DequantizeLinear keeps every kernel in float32, whatever follows: no rewrite
 * of the runtime moves a change of precision past it.
 *
 * @param model In opset 13 or later.
 * @param name A float32 tensor of the main graph: an input, or what a node gives.
 * @throws {RangeError} If there is no such tensor.
 * @example
 * ```ts
 * import { roundTensor } from "./round_tensor.ts";
 * import { Model } from "../onnx/model.ts";
 * import { ModelProtoSchema } from "../onnx/onnx_pb.ts";
 * import { parseGraph } from "../onnx/text.ts";
 * import { create } from "@bufbuild/protobuf";
 * import assert from "node:assert/strict";
 * const graph = parseGraph("input x float32[1]; output y float32[1]; h = Exp(x); y = Neg(h)");
 * const model = new Model(create(ModelProtoSchema, { graph }));
 * const { node } = roundTensor(model, "h", { scale: 0.5, zeroPoint: 3 }).graph;
 * const ops = node.map(({ opType }) => opType);
 * assert.deepEqual(ops, ["Exp", "QuantizeLinear", "DequantizeLinear", "Sum", "Neg"]);
 * ```
 */
export function roundTensor(
  model: Model,
  name: string,
  { scale, zeroPoint }: AffineParams,
): Model {
  const { graph } = model;
  const maker = producers(graph).get(name);
  if (!maker && !graphInputs(graph).some((input) => input.name === name)) {
    throw new RangeError(
      `Cannot round "${name}": no node of ${model.name} gives it, and it is no input`,
    );
  }
  const fresh = makeNamer(graph);
  const isOutput = maker !== undefined && graph.output.some((output) => output.name === name);
  // An output keeps its name, so that its exact values get another.
  const exact = isOutput ? fresh(`${name}_exact`) : name;
  const rounded = isOutput ? name : fresh(`${name}_rounded`);
  const [scaleName, zeroName] = [fresh(`${name}_scale`), fresh(`${name}_zero_point`)];
  const [integers, reals] = [fresh(`${name}_integers`), fresh(`${name}_reals`)];
  const rounding = [
    makeNode("QuantizeLinear", [exact, scaleName, zeroName], [integers]),
    makeNode("DequantizeLinear", [integers, scaleName, zeroName], [reals]),
    makeNode("Sum", [reals], [rounded]),
  ];
  const redirected = isOutput
    ? graph
    : redirectReaders(graph, new Map([[name, rounded]]), new Origins());
  const place = maker ? graph.node.indexOf(maker) + 1 : 0;
  const node = redirected.node.toSpliced(place, 0, ...rounding);
  if (isOutput) {
    const output = maker.output.map((own) => own === name ? exact : own);
    node[place - 1] = { ...maker, output };
  }
  const zero = { type: "uint8", dims: [], data: Uint8Array.of(zeroPoint) } as const;
  const initializer = [
    ...graph.initializer,
    makeTensorProto(scaleName, float32([], [scale])),
    makeTensorProto(zeroName, zero),
  ];
  return model.withGraph({ ...redirected, node, initializer });
}
