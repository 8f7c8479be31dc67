import type { Dataset } from "../lib/data/dataset.ts";
import { compare, type Comparison } from "../lib/evaluate/compare.ts";
import type { Model } from "../lib/onnx/model.ts";
import type { Pool } from "../lib/runtime/pool.ts";
import type { Shell } from "./shell.ts";

/** Compares what a command has made with float32, and tells how far it is. */
export async function check(
  model: Model,
  candidate: Model,
  data: Dataset,
  pool: Pool,
  { progress, signal }: Shell,
): Promise<Comparison> {
  const onProgress = (done: number, all: number) =>
    progress.update(`comparing: ${done} of ${all} runs`);
  return await compare(model, candidate, data, { pool, signal, onProgress });
}
