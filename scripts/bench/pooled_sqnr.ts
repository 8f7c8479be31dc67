import { type Dataset, samples } from "../../lib/data/dataset.ts";
import { addSums, comparable, noSums, sqnrOf, type Sums } from "../../lib/evaluate/closeness.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";

/**
 * SQNR of a model's outputs over all values of all samples, dB; of several outputs the worst. Loud samples
 * count for more than in a mean over samples.
 */
export async function pooledSqnr(
  model: Model,
  float32: Model,
  data: Dataset,
  runtime: Runtime,
  outputs?: readonly string[],
): Promise<number> {
  const sums = new Map<string, Sums>();
  const ours = runtime.run(model, samples(data));
  for await (const theirs of runtime.run(float32, samples(data))) {
    const { value: own } = await ours.next();
    for (const name of outputs ?? comparable(theirs)) {
      const sum = sums.get(name) ?? noSums();
      addSums(sum, theirs[name]!, own![name]!);
      sums.set(name, sum);
    }
  }
  return Math.min(...[...sums.values()].map(sqnrOf));
}
