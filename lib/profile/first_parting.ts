import { sameBits } from "../data/same_bits.ts";
import { producers } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { tensorsMade } from "../onnx/non_tensors.ts";
import { withOutputs } from "../onnx/outputs.ts";
import type { Parting } from "../record/runtime_table.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { RuntimeError } from "../runtime/runtime_errors.ts";
import type { Optimization } from "../runtime/session.ts";
import type { Feeds } from "../tensor/tensor.ts";

/** Tensors of one run: all of a large network would not fit into memory. */
const AT_ONCE = 64;

/**
 * Finds the first node, in the order of execution, whose result is not the same to the bit in two runtimes. What
 * is looked at is the graph that the first of them executes, run as it is in both: another choice of kernels
 * is then none of the differences. Where that cannot be read, or the other refuses it, it is the model itself.
 *
 * @param model Without random nodes.
 * @returns Undefined if all tensors are the same.
 */
export async function firstParting(
  model: Model,
  feeds: Feeds,
  [one, other]: readonly [Runtime, Runtime],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Parting | undefined> {
  const executed = await one.optimized(model);
  const runtimes = [one, other] as const;
  if (executed) {
    try {
      const found = await partingOf(executed, feeds, runtimes, "disabled", signal);
      if (found) return { ...found, model: model.name };
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
    }
  }
  return await partingOf(model, feeds, runtimes, "all", signal);
}

async function partingOf(
  model: Model,
  feeds: Feeds,
  runtimes: readonly Runtime[],
  optimization: Optimization,
  signal: AbortSignal | undefined,
): Promise<Parting | undefined> {
  const names = tensorsMade(model.graph);
  const makers = producers(model.graph);
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const outputs = names.slice(at, at + AT_ONCE);
    const watched = withOutputs(model, outputs);
    const options = { outputs, optimization, ...(signal && { signal }) };
    const [one, other] = await Promise.all(
      runtimes.map((runtime) => Array.fromAsync(runtime.run(watched, [feeds], options))),
    );
    const tensor = outputs.find((name) => !sameBits(one![0]![name]!, other![0]![name]!));
    if (tensor === undefined) continue;
    const { name, opType, output } = makers.get(tensor)!;
    return { model: model.name, node: name || output[0]!, opType, tensor };
  }
  return undefined;
}
