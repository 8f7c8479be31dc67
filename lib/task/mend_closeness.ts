import { EXACT_DB } from "../cost/form_noise.ts";
import { OutputCloseness } from "../evaluate/output_closeness.ts";
import type { Model } from "../onnx/model.ts";
import { MAX_SQNR } from "../record/metric_info.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Feeds, Tensor } from "../tensor/tensor.ts";

/** What a model gives for each input. */
export type RunOutputs = readonly Readonly<Record<string, Tensor>>[];

/** Runs a model on inputs. */
export async function runOutputs(
  runtime: Runtime,
  model: Model,
  inputs: readonly Feeds[],
  signal?: AbortSignal,
): Promise<RunOutputs> {
  return await Array.fromAsync(runtime.run(model, inputs, { signal }));
}

/** Signal over noise of the worst output, dB; undefined where it is no number or a shape differs. */
export function decibelsBetween(reference: RunOutputs, outputs: RunOutputs): number | undefined {
  const closeness = new OutputCloseness();
  reference.forEach((one, i) => closeness.add(one, outputs[i]!));
  const worst = closeness.worst();
  if (!worst) return undefined;
  const dB = worst.sqnr ?? MAX_SQNR;
  return Number.isNaN(dB) ? undefined : dB;
}

/** Whether two models give the same bits. */
export function areSameBits(some: RunOutputs, others: RunOutputs): boolean {
  return some.every((outputs, i) =>
    Object.entries(outputs).every(([name, { data }]) => {
      const other = others[i]![name]?.data;
      return other?.length === data.length &&
        data.every((value, at) => Object.is(value, other[at]));
    })
  );
}

/** What chance may take from the closeness to float32 of a few inputs, dB. */
const CHANCE = 0.5;

/** Whether something is as close to float32 as the file is; where neither can be told, it is. */
export function isAsClose(own: number | undefined, file: number | undefined): boolean {
  if (own === undefined || file === undefined) return file === undefined;
  return own >= Math.min(file - CHANCE, EXACT_DB);
}
