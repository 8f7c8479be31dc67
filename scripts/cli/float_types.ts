import { type Dataset, slice } from "../../lib/data/dataset.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { raisedFrom } from "../../lib/passes/raise_floats.ts";
import { decimal } from "../../lib/report/format.ts";
import { compare } from "../../lib/task/run_compare.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";

/** Samples that show what float32 makes of float64. */
const FEW = 8;

/**
 * What there is to say of a network that computes in another float type than float32: that it is raised or
 * lowered to it, and what that costs where it costs anything. Nothing of all others.
 */
export async function noteOnFloats(
  model: Model,
  data: Dataset | undefined,
  runtime: Runtime,
): Promise<string[]> {
  const fused = fuse(model);
  const types = raisedFrom(fused.proto);
  if (types.length === 0) return [];
  const from = `${model.name} holds numbers of ${
    types.join(" and ")
  }. What is not int8 computes in float32 here`;
  if (!types.includes("float64")) {
    return [`${from}, from weights of 16 bits as before; its inputs and outputs keep their types.`];
  }
  const cost = data && data.length > 0
    ? await costOf(model, fused, data, runtime)
    : "; --data PATH shows what that costs by itself";
  return [`${from}; its inputs and outputs keep their types${cost}.`];
}

async function costOf(
  model: Model,
  fused: Model,
  data: Dataset,
  runtime: Runtime,
): Promise<string> {
  const few = slice(data, 0, FEW);
  const { outputs } = await compare(model, fused, few, { runtime, timedSamples: 0 });
  const sqnr = outputs?.sqnr ?? null;
  return sqnr === null ? "" : `. By itself that makes an SQNR of ${decimal(sqnr, 1)} dB`;
}
