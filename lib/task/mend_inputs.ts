import { likeTheFirst } from "../data/first_samples.ts";
import { madeUpInputs } from "../data/made_up_inputs.ts";
import { noise } from "../data/noise.ts";
import { usualLengths } from "../data/text/usual_lengths.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { Undone } from "../passes/undo/undo_int8.ts";
import type { FileRange } from "../passes/undo/undo_log.ts";
import type { Feeds } from "../tensor/tensor.ts";
import type { MendOptions } from "./mend_options.ts";

/** Samples on which closeness is told, at most. */
const COMPARED = 16;

/**
 * What a file and what it becomes are compared on: samples, the first ones; or what is made up, within the
 * ranges that the file has of its inputs; texts of an open length have 128 tokens.
 */
export async function mendInputs(
  file: Model,
  { model, ranges }: Pick<Undone, "model" | "ranges">,
  { samples, input }: MendOptions,
): Promise<Feeds[]> {
  if (!samples) {
    const shapes = input ?? noise(usualLengths(valueTypes(file.graph).inputs).inputs, file.name);
    const intervals = new Map([...ranges].map(([name, range]) => [name, intervalOf(range)]));
    return madeUpInputs(shapes, { graph: model.graph, intervals });
  }
  const [first] = await likeTheFirst(samples, file.name);
  const count = Math.min(COMPARED, samples.length);
  const others = await Promise.all(
    Array.from(
      { length: count - 1 },
      (_, i) => "sample" in samples ? samples.sample(i + 1) : samples[i + 1]!,
    ),
  );
  return [first!, ...others];
}

/** All that the integers of a range stand for. */
function intervalOf({ type, scale, zeroPoint }: FileRange): { low: number; high: number } {
  const steps = type.endsWith("16") ? 2 ** 16 : 2 ** 8;
  const least = type.startsWith("u") ? 0 : -steps / 2;
  return { low: (least - zeroPoint) * scale, high: (least + steps - 1 - zeroPoint) * scale };
}
