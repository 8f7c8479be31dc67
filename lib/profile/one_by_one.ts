import { constants } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { makeTensorProto } from "../onnx/tensor_proto.ts";
import type { Pool } from "../runtime/pool.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Branch, PartTime } from "../cost/time_kernels.ts";
import { quietTime } from "./undisturbed.ts";

/** Options for {@linkcode timeAlone}. */
export interface TimeAloneOptions {
  /** @default {9} */
  rounds?: number;
  signal?: AbortSignal;
}

/**
 * Times parts of networks in models of their own, one after another, as an application would: for
 * runtimes whose own clock cannot be read. From the time of a run goes that of one that computes
 * nothing, but takes and gives the same tensors. What changes precision or layout at the edges of a
 * part cannot be told apart, and counts to it.
 */
export async function timeAlone(
  pool: Pool,
  branches: readonly Branch[],
  options: TimeAloneOptions = {},
): Promise<PartTime[]> {
  const { rounds = 9, signal } = options;
  const times: PartTime[] = [];
  for (const { part: { model, feeds } } of branches) {
    let results: Record<string, Tensor> = {};
    for await (const outputs of pool.run(model, [feeds], { signal })) results = outputs;
    const { ms } = await pool.times([frameOf(model, results), model], [feeds], { rounds, signal });
    const [frame, whole] = [0, 1].map((i) => quietTime(ms.map((round) => round[i]!)));
    times.push({
      ms: Math.max(0, whole! - frame!),
      input: "float",
      output: "float",
      steps: [],
      runs: model.graph.node.map(({ opType }) => opType),
    });
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
