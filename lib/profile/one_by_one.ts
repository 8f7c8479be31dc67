import { constants } from "../onnx/graph.ts";
import type { Subgraph } from "../onnx/extract.ts";
import type { Model } from "../onnx/model.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { undisturbedTime } from "./undisturbed.ts";

/** Options for {@linkcode timeOneByOne}. */
export interface OneByOneOptions {
  /** @default {9} */
  rounds?: number;
  signal?: AbortSignal;
}

/**
 * Times parts of networks in models of their own, one after another, as an application would: for
 * runtimes whose own clock cannot be read. From the time of a run goes that of one that computes
 * nothing, but takes and gives the same tensors. What changes precision or layout at the edges of a
 * part cannot be told apart, and counts to it.
 *
 * @returns Milliseconds of each part.
 */
export async function timeOneByOne(
  runtime: Runtime,
  parts: readonly Subgraph[],
  options: OneByOneOptions = {},
): Promise<number[]> {
  const { rounds = 9, signal } = options;
  const times: number[] = [];
  for (const { model, feeds } of parts) {
    let results: Record<string, Tensor> = {};
    for await (const outputs of runtime.run(model, [feeds], { signal })) results = outputs;
    const { ms } = await runtime.times([frameOf(model, results), model], [feeds], {
      rounds,
      signal,
    });
    const [frame, whole] = [0, 1].map((i) => undisturbedTime(ms.map((round) => round[i]!)));
    times.push(Math.max(0, whole! - frame!));
  }
  return times;
}

/** A model that is fed the same and gives the same, but computes nothing. */
export function frameOf(model: Model, results: Readonly<Record<string, Tensor>>): Model {
  const { graph } = model;
  const known = constants(graph);
  const fixed = graph.output.map(({ name }) =>
    known.get(name) ?? makeTensorProto(name, results[name]!)
  );
  return model.withGraph({ ...graph, node: [], sparseInitializer: [], initializer: fixed });
}
