import type { LatencyOptions } from "../evaluate/latency.ts";
import { latencyRatio } from "../evaluate/latency.ts";
import { timingConditions } from "../evaluate/timing_conditions.ts";
import type { Model } from "../onnx/model.ts";
import { profileOneByOne } from "../profile/profile_one_by_one.ts";
import { scaledTo, type TimedGraph, timedNodes } from "../profile/timed_nodes.ts";
import type { Latency } from "../record/trial_record.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { median } from "../tensor/quantile.ts";
import type { Feeds } from "../tensor/tensor.ts";

/** A file as it is, the same network in float32, and in faster operators. */
export interface ComparedForms {
  readonly file: Model;
  /** The file itself, where nothing in it is int8. */
  readonly plain: Model;
  readonly fast?: Model;
}

/** What a file and its forms take. */
export interface TimedForms {
  /** Milliseconds of a whole run of the file. */
  readonly wholeMs: number;
  /** The file against its float32 form, where that is another. */
  readonly latency?: Latency;
  /** Faster operators against the file. */
  readonly fastLatency?: Latency;
  /** Nodes; their times make up the whole. */
  readonly file: TimedGraph;
  readonly plain: TimedGraph;
  readonly fast?: TimedGraph;
  /** Whether nodes were timed in their place, or each in a model of its own. */
  readonly method: "graph" | "alone";
  readonly conditions: Required<Pick<LatencyOptions, "threads" | "machine" | "runtime" | "load">>;
}

/** Options for {@linkcode timeForms}. */
export interface TimeFormsOptions {
  readonly runtime: Runtime;
  readonly rounds: number;
  readonly signal?: AbortSignal;
  readonly onProgress: (step: string) => void;
}

/** Times a file and its forms as a whole in turns, and then node by node. */
export async function timeForms(
  { file, plain, fast }: ComparedForms,
  feeds: readonly Feeds[],
  { runtime, rounds, signal, onProgress }: TimeFormsOptions,
): Promise<TimedForms> {
  const models = [...new Set([file, plain, ...fast ? [fast] : []])];
  onProgress("measuring in turns");
  const times = await runtime.times(models, feeds, { rounds, ...signal && { signal } });
  const conditions = await timingConditions(runtime);
  const ratio = (candidate: Model, baseline: Model) =>
    latencyRatio(times, {
      candidate: models.indexOf(candidate),
      baseline: models.indexOf(baseline),
      ...conditions,
    });
  const timed = new Map<Model, TimedGraph>();
  const wholes = models.map((_, column) => median(times.ms.map((round) => round[column]!)));
  let method: TimedForms["method"] = "graph";
  for (const [i, model] of models.entries()) {
    onProgress(`timing nodes: model ${i + 1} of ${models.length}`);
    const inPlace = await timedNodes(model, feeds, { runtime, ...signal && { signal } });
    if (!inPlace) method = "alone";
    const nodes = inPlace ?? await timedAlone(model, feeds[0]!, runtime, signal);
    timed.set(model, scaledTo(nodes, wholes[i]!));
  }
  return {
    ...{ wholeMs: wholes[0]!, method, conditions },
    ...{ file: timed.get(file)!, plain: timed.get(plain)! },
    ...(plain !== file && { latency: ratio(file, plain) }),
    ...(fast && { fast: timed.get(fast)!, fastLatency: ratio(fast, file) }),
  };
}

/** Nodes each in a model of its own, where the runtime's clock cannot be read. */
async function timedAlone(
  model: Model,
  feeds: Feeds,
  runtime: Runtime,
  signal: AbortSignal | undefined,
): Promise<TimedGraph> {
  const { graph } = model;
  const nodes = new Map(graph.node.map((node) => [node.name, node]));
  const rows = await profileOneByOne(model, feeds, runtime, { ...signal && { signal } });
  return {
    graph,
    nodes: rows.map(({ node, ms }) => ({
      ...{ node: nodes.get(node)!, covers: [node], ms, executions: 1 },
    })),
  };
}
