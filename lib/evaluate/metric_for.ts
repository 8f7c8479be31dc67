import { type Dataset, slice } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import { runDataset } from "../runtime/run_dataset.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { defaultMetric, mostClasses } from "./default_metric.ts";
import { loadMetric } from "./load_metric.ts";
import type { Metric } from "./metric.ts";
import { type OutputFacts, outputFacts } from "./output_facts.ts";

/** Samples that are run to see what an output is, where the graph leaves it in doubt. */
const LOOKED_AT = 4;

/**
 * The metric for a network on some samples: the one that was asked for, by itself or by its name or file; or
 * else {@linkcode defaultMetric}, for which a few samples are run if the graph alone does not tell.
 *
 * @throws {UserError} If there is no such metric, or the labels are not classes counted from 0 of what the
 * network puts out.
 */
export async function metricFor(
  model: Model,
  dataset: Dataset,
  { metric, runtime, signal }: {
    readonly metric?: Metric | string | undefined;
    readonly runtime: Runtime;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Metric> {
  const labels = classesOf(dataset);
  const facts = outputFacts(model.graph);
  if (metric !== undefined) {
    const asked = typeof metric === "string" ? await loadMetric(metric) : metric;
    if (asked.usesLabels) requireLabels(facts, dataset, asked);
    return asked;
  }
  requireLabels(facts, dataset);
  const first = defaultMetric(facts, labels);
  if (!first.isDoubtful && facts.every(({ dims }) => dims)) return first.metric;
  const results: Readonly<Record<string, Tensor>>[] = [];
  const few = slice(dataset, 0, Math.min(LOOKED_AT, dataset.length));
  for await (const run of runDataset(runtime, freezeRandom(model), few, { signal })) {
    results.push(run.results);
  }
  return defaultMetric(outputFacts(model.graph, results), labels).metric;
}

/** Number of classes that the labels take at least; undefined without labels. */
function classesOf({ labels }: Dataset): number | undefined {
  const most = labels?.reduce((most, label) => Math.max(most, label), -1) ?? -1;
  return most >= 0 ? most + 1 : undefined;
}

/**
 * @throws {UserError} If the labels are counted from 1, or there are more classes than the network knows; and
 * if a metric takes labels and there are none.
 */
function requireLabels(
  outputs: readonly OutputFacts[],
  { name, length, labels = new Int32Array() }: Dataset,
  metric?: Metric,
): void {
  const known = labels.filter((label) => label >= 0);
  if (known.length === 0) {
    if (!metric) return;
    throw new UserError(
      `Cannot score ${name} with ${metric.name}: none of its ${length} samples has a label; bring ` +
        `labels, or choose a metric that needs none, such as agreement`,
    );
  }
  const most = known.reduce((a, b) => Math.max(a, b));
  const least = known.reduce((a, b) => Math.min(a, b));
  const count = mostClasses(outputs);
  if (count === undefined || most < count) return;
  const what = `Cannot use the labels of ${name}: they run from ${least} to ${most}, but `;
  throw new UserError(
    least >= 1 && most === count
      ? `${what}the network's ${count} classes are counted from 0 to ${count - 1}: save labels - 1`
      : `${what}the network has ${count} classes, counted from 0 to ${
        count - 1
      }; are they of another ` +
        `network, or in another order?`,
  );
}
