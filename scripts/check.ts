import type { Dataset } from "../lib/data/dataset.ts";
import { compare, type Comparison } from "../lib/task/run_compare.ts";
import type { Model } from "../lib/onnx/model.ts";
import type { Runtime } from "../lib/runtime/runtime.ts";
import type { Shell } from "./shell.ts";

/** Compares what a command has made with float32, and tells how far it is. */
export async function check(
  model: Model,
  candidate: Model,
  data: Dataset,
  runtime: Runtime,
  { progress, signal }: Shell,
): Promise<Comparison> {
  const onProgress = (done: number, all: number) =>
    progress.update(`comparing: ${done} of ${all} runs`);
  return await compare(model, candidate, data, { runtime, signal, onProgress });
}
