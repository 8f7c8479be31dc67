import { calibrate } from "../calibrate/calibrate.ts";
import { addSums, noSums, sqnrOf } from "../evaluate/closeness.ts";
import { convert } from "../quantize/convert.ts";
import { prepare } from "../quantize/prepare.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Form } from "./forms.ts";

/** What runs a form. */
export interface FormNoiseOptions {
  readonly runtime: Runtime;
  readonly signal?: AbortSignal | undefined;
}

/** What a form has to come to that is called exact, dB. */
export const EXACT_DB = 100;

/**
 * Signal over the noise that a form of a kernel adds by itself, dB: it is fed what float32 gives in front
 * of it, so that no error of another kernel counts to it.
 *
 * @param outputs What the kernel gives, by name.
 * @param values What a run of the float32 network gave, by name.
 * @returns Undefined where the kernel gives no floats, or nothing but zeros.
 */
export async function formDecibels(
  { timed: { subgraph: { model, feeds } }, unranged }: Form,
  outputs: readonly string[],
  values: ReadonlyMap<string, Tensor>,
  { runtime, signal }: FormNoiseOptions,
): Promise<number | undefined> {
  const options = { runtime, ...signal && { signal } };
  const ranges = unranged &&
    await calibrate(prepare(unranged.model, unranged.mapping), [feeds], options);
  const form = unranged ? convert(unranged.model, unranged.mapping, ranges) : model;
  const sums = noSums();
  for await (const results of runtime.run(form, [feeds], signal && { signal })) {
    const given = Object.values(results);
    outputs.forEach((name, i) => {
      const exact = values.get(name);
      // What only reads the result of a kernel gives it another name, and another shape.
      const other = results[name] ?? given[i];
      if (exact?.type !== "float32" || other?.type !== "float32") return;
      if (exact.data.length === other.data.length) addSums(sums, exact, other);
    });
  }
  return sums.signal > 0 ? sqnrOf(sums) : undefined;
}
