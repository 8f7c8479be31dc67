import { UserError } from "../lib/errors.ts";
import { RuntimeError } from "../lib/runtime/runtime_errors.ts";
import type { Dataset } from "../lib/data/dataset.ts";
import { compare, type Comparison } from "../lib/task/run_compare.ts";
import { valueTypes } from "../lib/onnx/graph.ts";
import type { Model } from "../lib/onnx/model.ts";
import type { Runtime } from "../lib/runtime/runtime.ts";
import type { Shell } from "./shell.ts";

/**
 * Compares what a command has made with float32, and tells how far it is. Undefined where the network
 * gives no tensor that could be compared.
 */
export async function check(
  model: Model,
  candidate: Model,
  data: Dataset,
  runtime: Runtime,
  { progress, signal }: Shell,
): Promise<Comparison | undefined> {
  if (valueTypes(model.graph).outputs.length === 0) return undefined;
  const onProgress = (done: number, all: number) =>
    progress.update(`comparing: ${done} of ${all} runs`);
  return await compare(model, candidate, data, { runtime, signal, onProgress });
}

/**
 * As {@linkcode check}; where the outputs of the two cannot be compared, the sentence that says so: the
 * file is no worse for it.
 */
export async function checkIfPossible(
  ...args: Parameters<typeof check>
): Promise<{ readonly comparison?: Comparison; readonly failed?: string }> {
  try {
    return { comparison: await check(...args) };
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof RuntimeError) throw error;
    return { failed: `It was not compared with float32. ${error.message}.` };
  }
}
