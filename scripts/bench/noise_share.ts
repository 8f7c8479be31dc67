import { type Dataset, samples } from "../../lib/data/dataset.ts";
import { addSums, comparable, noSums } from "../../lib/evaluate/closeness.ts";
import type { Metric } from "../../lib/evaluate/metric.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";

/**
 * The power of a sample's error as a share of the power that float32's outputs have on average over a
 * data set; of several outputs the worst. Its mean over the samples is the inverse of their pooled SQNR,
 * in which loud samples count for more than in a mean of decibels.
 *
 * @param data Samples whose average it is.
 */
export async function noiseShare(
  float32: Model,
  data: Dataset,
  outputs?: readonly string[],
): Promise<Metric> {
  const power = new Map<string, number>();
  await using runtime = openRuntime({ workers: 0 });
  for await (const results of runtime.run(float32, samples(data))) {
    for (const name of outputs ?? comparable(results)) {
      const sums = noSums();
      addSums(sums, results[name]!, results[name]!);
      power.set(name, (power.get(name) ?? 0) + sums.signal / data.length);
    }
  }
  return {
    name: "noise",
    unit: "",
    higherIsBetter: false,
    score: ({ outputs, reference }) =>
      Math.max(...[...power].map(([name, average]) => {
        const sums = noSums();
        addSums(sums, reference[name]!, outputs[name]!);
        return sums.noise / average;
      })),
  };
}
