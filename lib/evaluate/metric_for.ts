import { type Dataset, slice } from "../data/dataset.ts";
import { tokenMask, withoutPadding } from "../data/padding.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { freezeRandom } from "../passes/freeze_random.ts";
import { runDataset, type SampleRun } from "../runtime/run_dataset.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { isFloat } from "./classes.ts";
import { defaultMetric, mostClasses } from "./default_metric.ts";
import { scoreOf } from "./evaluate.ts";
import { isLabelled, labelsOf } from "./labels_of.ts";
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
  const labels = isPartlyLabelled(dataset) ? undefined : classesOf(dataset);
  const ofTokens = dataset.tokenLabels !== undefined;
  const look = async () => {
    const results: SampleRun[] = [];
    const few = slice(dataset, 0, Math.min(LOOKED_AT, dataset.length));
    for await (const run of runDataset(runtime, freezeRandom(model), few, { signal })) {
      results.push(run);
    }
    return results;
  };
  const facts = outputFacts(model.graph);
  if (metric !== undefined) {
    const asked = typeof metric === "string" ? await loadMetric(metric) : metric;
    if (asked.usesLabels) {
      requireLabels(facts, dataset, asked);
      if (facts.some(hasOpenPositions)) tryLabels(await look(), dataset, asked);
    }
    return asked;
  }
  requireLabels(facts, dataset);
  const first = defaultMetric(facts, labels, ofTokens);
  const isOpen = labels !== undefined && facts.some(hasOpenPositions);
  if (!first.isDoubtful && !isOpen && facts.every(({ dims }) => dims)) return first.metric;
  const seen = (await look()).map(({ results }) => results);
  return defaultMetric(outputFacts(model.graph, seen), labels, ofTokens).metric;
}

/** Whether the graph does not say how many positions an output has. */
function hasOpenPositions({ type, dims, isState }: OutputFacts): boolean {
  return isFloat(type) && !isState && dims?.length === 3 && typeof dims[1] !== "number";
}

/** Scores a few samples before all the work: labels may be of samples where positions are asked for. */
function tryLabels(runs: readonly SampleRun[], dataset: Dataset, metric: Metric): void {
  for (const [index, { feeds, results }] of runs.entries()) {
    if (!isLabelled(dataset, index)) continue;
    const mask = tokenMask(feeds);
    const outputs = withoutPadding(results, mask);
    const seen = { outputs, reference: outputs, index, inputs: withoutPadding(feeds, mask) };
    scoreOf({ ...seen, ...labelsOf(dataset, index, mask) }, metric, dataset);
  }
}

/** Number of classes that the labels take at least; undefined without labels. */
function classesOf(dataset: Dataset): number | undefined {
  const most = knownLabels(dataset).reduce((most, label) => Math.max(most, label), -1);
  return most >= 0 ? most + 1 : undefined;
}

/** Whether a set of samples has no labels, but another has: then only one of them would be judged by these. */
function isPartlyLabelled(dataset: Dataset): boolean {
  const { parts = [] } = dataset;
  const labelled = new Set(parts.filter((_, index) => isLabelled(dataset, index)));
  return labelled.size > 0 && labelled.size < new Set(parts).size;
}

/** Labels of samples, or of their positions, that are known. */
function knownLabels({ labels, tokenLabels }: Dataset): number[] {
  return [...labels ?? [], ...(tokenLabels ?? []).flatMap((one) => [...one])].filter((one) =>
    one >= 0
  );
}

/**
 * @throws {UserError} If the labels are counted from 1, or there are more classes than the network knows; and
 * if a metric takes labels and there are none.
 */
function requireLabels(
  outputs: readonly OutputFacts[],
  dataset: Dataset,
  metric?: Metric,
): void {
  const { name, length } = dataset;
  const known = knownLabels(dataset);
  if (known.length === 0) {
    if (!metric) return;
    throw new UserError(
      `Cannot score ${name} with ${metric.name}: none of its ${length} samples has a label; bring ` +
        `labels, or choose a metric that needs none, such as agreement`,
    );
  }
  const most = known.reduce((a, b) => Math.max(a, b));
  const least = known.reduce((a, b) => Math.min(a, b));
  const count = mostClasses(outputs, dataset.tokenLabels !== undefined);
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
