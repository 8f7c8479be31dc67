import { create, fromBinary } from "@bufbuild/protobuf";
import { Model } from "../../lib/onnx/model.ts";
import {
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
} from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto, readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { elementCount, type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";

/** A model from the text of its graph and weights too long to write out. */
export function modelOf(
  text: string,
  weights: Readonly<Record<string, Tensor>> = {},
  opset = 17,
): Model {
  const graph = parseGraph(text);
  graph.initializer.push(
    ...Object.entries(weights).map(([name, tensor]) => makeTensorProto(name, tensor)),
  );
  const proto = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(opset) })],
    graph,
  });
  return new Model(proto, { name: "tiny.onnx" });
}

/** A tensor of normal random numbers, the same for the same seed. */
export function random(dims: readonly number[], seed: number, deviation = 1): Tensor<"float32"> {
  return float32(dims, normal(elementCount(dims), seed, deviation));
}

/** The four parameters of a BatchNormalization, by the names `<name>.weight` and so on. */
export function batchNorm(
  name: string,
  channels: number,
  seed: number,
): Record<string, Tensor<"float32">> {
  const variance = normal(channels, seed + 3).map((value) => value * value + 0.1);
  return {
    [`${name}.weight`]: random([channels], seed),
    [`${name}.bias`]: random([channels], seed + 1),
    [`${name}.mean`]: random([channels], seed + 2),
    [`${name}.var`]: float32([channels], variance),
  };
}

/** Runs a model once in onnxruntime-web. */
export async function run(model: Model, feeds: Feeds): Promise<Record<string, Tensor>> {
  const session = await openSession(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

/** Largest difference of any output, relative to the largest value of that output in `expected`. */
export function error(
  actual: Readonly<Record<string, Tensor>>,
  expected: Readonly<Record<string, Tensor>>,
): number {
  let worst = 0;
  for (const [name, reference] of Object.entries(expected)) {
    const tensor = actual[name];
    if (!tensor || tensor.dims.join() !== reference.dims.join()) return Infinity;
    let difference = 0;
    let largest = 1e-30;
    for (let i = 0; i < reference.data.length; i++) {
      const [a, b] = [Number(tensor.data[i]), Number(reference.data[i])];
      if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
      if (Object.is(a, b)) continue; // infinite or not a number, in both
      difference = Math.max(difference, Number.isFinite(a - b) ? Math.abs(a - b) : Infinity);
    }
    worst = Math.max(worst, difference / largest);
  }
  return worst;
}

/** A tensor that a test of the ONNX standard keeps in a file. */
export function readTensor(path: URL): Tensor {
  return readTensorProto(fromBinary(TensorProtoSchema, Deno.readFileSync(path)));
}
