import { create } from "@bufbuild/protobuf";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { Model } from "../../lib/onnx/model.ts";
import { ModelProtoSchema, OperatorSetIdProtoSchema } from "../../lib/onnx/onnx_pb.ts";
import { makeTensorProto, readTensorProto } from "../../lib/onnx/tensor_proto.ts";
import { parseGraph } from "../../lib/onnx/text.ts";
import { convert, type ConvertOptions } from "../../lib/quantize/convert.ts";
import type { QConfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import type { QuantizedModel } from "../../lib/quantize/quantized_model.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { elementCount, type Feeds, float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { normal } from "../random.ts";

/**
 * A model from the text of a graph.
 *
 * @param weights Constants to add: tensors, or shapes to fill with normal numbers of deviation
 * 1 / sqrt(fan in).
 */
export function modelOf(
  text: string,
  weights: Readonly<Record<string, Tensor | readonly number[]>> = {},
  opset = 17,
): Model {
  const graph = parseGraph(text);
  const constants = Object.entries(weights).map(([name, value], i) => {
    if ("data" in value) return makeTensorProto(name, value);
    const dims = value;
    const fanIn = Math.max(1, elementCount(dims.slice(1)));
    return makeTensorProto(name, float32(dims, normal(elementCount(dims), i + 1, fanIn ** -0.5)));
  });
  return new Model(create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: BigInt(opset) })],
    graph: { ...graph, initializer: [...graph.initializer, ...constants] },
  }));
}

/** Two convolutions behind a Neg, `@neg`, `@conv1` and `@conv2`. */
export const twoConvolutions = (): Model =>
  modelOf(
    `input x float32[1, 4, 8, 8]
     output y float32[1, 8, 4, 4]
     n = Neg(x) @ neg
     a = Conv(n, w1) @ conv1
     r = Relu(a) @ relu
     y = Conv(r, w2) @ conv2`,
    { w1: [8, 4, 3, 3], w2: [8, 8, 3, 3] },
  );

/** Samples of normal numbers for inputs of these shapes. */
export function samplesOf(
  shapes: Readonly<Record<string, readonly number[]>>,
  count: number,
): Feeds[] {
  return Array.from({ length: count }, (_, sample) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, dims], i) => [
        name,
        float32(dims, normal(elementCount(dims), 1000 * sample + i + 500)),
      ]),
    ));
}

/** Prepares, calibrates and converts. */
export async function quantized(
  model: Model,
  mapping: QConfigMapping,
  samples: readonly Feeds[],
  options: ConvertOptions = {},
): Promise<QuantizedModel> {
  return convert(model, mapping, await calibrate(prepare(model, mapping), samples), options);
}

/** What a model gives for one sample. */
export async function run(model: Model, feeds: Feeds): Promise<Record<string, Tensor>> {
  const [results] = await runAll(model, [feeds]);
  return results!;
}

/** What a model gives for each sample. */
export async function runAll(
  model: Model,
  samples: readonly Feeds[],
): Promise<Record<string, Tensor>[]> {
  const session = await openSession(model);
  try {
    const results = [];
    for (const feeds of samples) results.push(await session.run(feeds));
    return results;
  } finally {
    await session.release();
  }
}

/** Signal to quantization-noise ratio of the first output over all samples, dB. */
export async function sqnrBetween(
  model: Model,
  candidate: Model,
  samples: readonly Feeds[],
): Promise<number> {
  const sessions = [await openSession(model), await openSession(candidate)] as const;
  let [signal, noise] = [0, 0];
  for (const feeds of samples) {
    const [a, b] = await Promise.all(sessions.map(async (session) => {
      const results = await session.run(feeds);
      return results[session.outputs[0]!.name]!.data as Float32Array;
    })) as [Float32Array, Float32Array];
    a.forEach((x, i) => {
      signal += x * x;
      noise += (x - b[i]!) ** 2;
    });
  }
  await Promise.all(sessions.map((session) => session.release()));
  return 10 * Math.log10(signal / noise);
}

/** An initializer by name. */
export function stored({ graph }: Model, name: string): Tensor | undefined {
  const found = graph.initializer.find((tensor) => tensor.name === name);
  return found && readTensorProto(found);
}

/** The scale of a tensor, 0 if it has none. */
export function stepOf(model: Model, name: string): number {
  return Math.max(0, ...(stored(model, `${name}_scale`)?.data as Float32Array ?? []));
}
