import { producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { TensorProto } from "../onnx/onnx_pb.ts";
import { withOutputs } from "../onnx/outputs.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { isFloat, toNumbers } from "./classes.ts";
import { addSums, noSums, sqnrOf, type Sums } from "./closeness.ts";
import type { Runtime } from "../runtime/pool.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";
import { roundEven } from "../tensor/round.ts";

/** Errors of a tensor, dB; undefined where they are none. */
export interface ErrorsOfTensor {
  /** Of what it holds in float32, rounded to its integers. */
  readonly own?: number;
  /** Of what it holds in the quantized network. */
  readonly accumulated?: number;
}

/** Scale and zero point of a tensor. */
interface Grid {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly type: "uint8" | "int8";
  /** What holds the tensor's values in the quantized network. */
  readonly dequantized: string;
}

/**
 * Errors of every activation that a network holds as 8-bit integers, from one run of both networks over
 * some samples: what rounding to its own integers costs, and what has built up before it.
 *
 * @param quantized In QDQ form, made from `float32`.
 */
export async function tensorErrorsOf(
  float32: Model,
  quantized: Model,
  samples: readonly Feeds[],
  options: { readonly runtime: Runtime; readonly signal?: AbortSignal },
): Promise<Map<string, ErrorsOfTensor>> {
  const { runtime, signal } = options;
  const grids = gridsOf(float32, quantized);
  const names = [...grids.keys()];
  const inOther = names.map((name) => grids.get(name)!.dequantized);
  const sums = new Map(names.map((name) => [name, { own: noSums(), accumulated: noSums() }]));
  const run = (model: Model, outputs: readonly string[]) =>
    runtime.run(withOutputs(model, outputs), samples, { outputs, ...(signal && { signal }) });
  const inputs = new Set(float32.graph.input.map(({ name }) => name));
  const others = run(quantized, inOther);
  let index = 0;
  for await (const reference of run(float32, names.filter((name) => !inputs.has(name)))) {
    const { value: own } = await others.next();
    const feeds = samples[index++]!;
    for (const name of names) {
      const exact = reference[name] ?? feeds[name];
      const grid = grids.get(name)!;
      const there = own?.[grid.dequantized];
      if (!exact || !isFloat(exact.type)) continue;
      addSums(sums.get(name)!.own, exact, rounded(exact, grid));
      if (there && toNumbers(there).length === toNumbers(exact).length) {
        addSums(sums.get(name)!.accumulated, exact, there);
      }
    }
  }
  const dB = (sum: Sums) => sum.signal > 0 ? sqnrOf(sum) : undefined;
  return new Map(names.map((name) => {
    const { own, accumulated } = sums.get(name)!;
    const [a, b] = [dB(own), dB(accumulated)];
    return [name, {
      ...(a !== undefined && { own: a }),
      ...(b !== undefined && { accumulated: b }),
    }];
  }));
}

/** Activations that are rounded, with their integers. */
function gridsOf(float32: Model, quantized: Model): Map<string, Grid> {
  const known = new Set([
    ...producers(float32.graph).keys(),
    ...float32.graph.input.map(({ name }) => name),
  ]);
  const constants = new Map(quantized.graph.initializer.map((tensor) => [tensor.name, tensor]));
  const grids = new Map<string, Grid>();
  for (const { opType, input, output } of quantized.graph.node) {
    // `x_quantized` holds `x`, whether `x` or what a unit gives is rounded.
    const name = input[0]?.replace(/_quantized(_\d+)?$/, "");
    if (opType !== "DequantizeLinear" || name === undefined || !known.has(name)) continue;
    const [scale, zeroPoint] = [input[1], input[2]].map((key) => scalarOf(constants.get(key!)));
    if (!scale || !zeroPoint || grids.has(name)) continue;
    const type = zeroPoint.type === "int8" ? "int8" : "uint8";
    grids.set(name, {
      scale: scale.value,
      zeroPoint: zeroPoint.value,
      type,
      dequantized: output[0]!,
    });
  }
  return grids;
}

function scalarOf(proto: TensorProto | undefined) {
  if (!proto) return undefined;
  const tensor = readTensorProto(proto);
  const values = toNumbers(tensor);
  return values.length === 1 ? { value: values[0]!, type: tensor.type } : undefined;
}

/** A tensor rounded to its integers and back. */
function rounded(tensor: Tensor, { scale, zeroPoint, type }: Grid): Tensor {
  const [least, most] = type === "int8" ? [-128, 127] : [0, 255];
  const values = toNumbers(tensor);
  const data = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const integer = roundEven(values[i]! / scale) + zeroPoint;
    data[i] = (Math.min(most, Math.max(least, integer)) - zeroPoint) * scale;
  }
  return { type: "float32", dims: tensor.dims, data };
}
