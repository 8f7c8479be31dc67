import { producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { TensorProto } from "../onnx/onnx_pb.ts";
import { withOutputs } from "../onnx/outputs.ts";
import { readTensorProto } from "../onnx/tensor_proto.ts";
import { type AffineParams, fakeQuantize, type IntegerGrid, UINT8 } from "../quantize/affine.ts";
import { isFloat, toNumbers } from "./classes.ts";
import { addSums, noSums, sqnrOf, type Sums } from "./closeness.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";

/** Errors of a tensor, dB; undefined where they are none. */
export interface ErrorsOfTensor {
  /** Of what it holds in float32, rounded to its integers. */
  readonly own?: number;
  /** Of what it holds in the quantized network. */
  readonly accumulated?: number;
}

/** How the quantized network rounds a tensor. */
interface Rounding extends AffineParams {
  readonly grid: IntegerGrid;
  /** What holds the tensor's values in the quantized network. */
  readonly dequantized: string;
}

/** A tensor of float32 for one sample, beside the one that stands for it in another network. */
export interface TensorPair {
  /** Name in float32. */
  readonly name: string;
  /** What it holds in float32. */
  readonly exact: Tensor;
  /** What it holds in the other network; absent where that is no float tensor of the same size. */
  readonly other?: Tensor;
}

/**
 * Runs a float32 network and one made from it over the same samples, and gives their tensors side by
 * side: for each sample in turn, each of the names.
 *
 * @param names Float tensors of float32, inputs or what its nodes give, each with the name of the one
 * that stands for it in the other network.
 */
export async function* tensorPairs(
  float32: Model,
  other: Model,
  names: ReadonlyMap<string, string>,
  samples: readonly Feeds[],
  { runtime, signal }: { readonly runtime: Runtime; readonly signal?: AbortSignal },
): AsyncGenerator<TensorPair, void, void> {
  const run = (model: Model, outputs: readonly string[]) =>
    runtime.run(withOutputs(freezeRandom(model), outputs), samples, {
      outputs,
      ...(signal && { signal }),
    });
  const inputs = new Set(float32.graph.input.map(({ name }) => name));
  const others = run(other, [...names.values()]);
  let index = 0;
  try {
    for await (const own of run(float32, [...names.keys()].filter((name) => !inputs.has(name)))) {
      const { value: theirs } = await others.next();
      const feeds = samples[index++]!;
      for (const [name, nameThere] of names) {
        const exact = own[name] ?? feeds[name];
        if (!exact || !isFloat(exact.type)) continue;
        const there = theirs?.[nameThere];
        const isAlike = there && isFloat(there.type) && there.data.length === exact.data.length;
        yield { name, exact, ...(isAlike && { other: there }) };
      }
    }
  } finally {
    await others.return();
  }
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
  const roundings = roundingsOf(float32, quantized);
  const names = new Map([...roundings].map(([name, { dequantized }]) => [name, dequantized]));
  const sums = new Map(
    [...names.keys()].map((name) => [name, { own: noSums(), accumulated: noSums() }]),
  );
  for await (
    const { name, exact, other } of tensorPairs(float32, quantized, names, samples, options)
  ) {
    const { own, accumulated } = sums.get(name)!;
    addSums(own, exact, rounded(exact, roundings.get(name)!));
    if (other) addSums(accumulated, exact, other);
  }
  const dB = (sum: Sums) => sum.signal > 0 ? sqnrOf(sum) : undefined;
  return new Map([...sums].map(([name, { own, accumulated }]) => {
    const [a, b] = [dB(own), dB(accumulated)];
    return [name, {
      ...(a !== undefined && { own: a }),
      ...(b !== undefined && { accumulated: b }),
    }];
  }));
}

/** Activations that are rounded, with their integers. */
function roundingsOf(float32: Model, quantized: Model): Map<string, Rounding> {
  const known = new Set([
    ...producers(float32.graph).keys(),
    ...float32.graph.input.map(({ name }) => name),
  ]);
  const constants = new Map(quantized.graph.initializer.map((tensor) => [tensor.name, tensor]));
  const roundings = new Map<string, Rounding>();
  for (const { opType, input, output } of quantized.graph.node) {
    // `x_quantized` holds `x`, whether `x` or what a unit gives is rounded.
    const name = input[0]?.replace(/_quantized(_\d+)?$/, "");
    if (opType !== "DequantizeLinear" || name === undefined || !known.has(name)) continue;
    const [scale, zeroPoint] = [input[1], input[2]].map((key) => scalarOf(constants.get(key!)));
    if (!scale || !zeroPoint || roundings.has(name)) continue;
    roundings.set(name, {
      scale: scale.value,
      zeroPoint: zeroPoint.value,
      grid: zeroPoint.type === "int8" ? WHOLE_INT8 : UINT8,
      dequantized: output[0]!,
    });
  }
  return roundings;
}

/** int8 to its very end, as QuantizeLinear clamps. */
const WHOLE_INT8: IntegerGrid = { qmin: -128, qmax: 127 };

function scalarOf(proto: TensorProto | undefined) {
  if (!proto) return undefined;
  const tensor = readTensorProto(proto);
  const values = toNumbers(tensor);
  return values.length === 1 ? { value: values[0]!, type: tensor.type } : undefined;
}

/** A tensor rounded to its integers and back. */
function rounded(tensor: Tensor, rounding: Rounding): Tensor {
  const data = fakeQuantize(toNumbers(tensor), rounding, rounding.grid);
  return { type: "float32", dims: tensor.dims, data };
}
