import type { Study } from "../record/study_record.ts";
import { count, megabytes, metricFormat, plural } from "./format.ts";

/** A line of "how to reproduce". */
export interface Fact {
  readonly name: string;
  readonly text: string;
  /** A hash or a version: set in a fixed-width face. */
  readonly code?: boolean;
}

/** What the numbers of a study depend on: model, data, versions, machine, each with its hash. */
export function factsOf(study: Study): Fact[] {
  const { model, data, metric, provenance, winner, trials, collapsed = [] } = study;
  const chosen = trials.find(({ key }) => key === winner?.key);
  const facts: (Fact | false)[] = [
    {
      name: "model",
      text: `${model.name}: ${megabytes(model.bytes)}, opset ${model.opset}, ` +
        `${plural(model.nodes, "node")}, ${plural(model.parameters, "parameter")}`,
    },
    { name: "model SHA-256", text: model.hash, code: true },
    {
      name: "data",
      text: `${data.name}, ${data.labelled ? "labelled" : "not labelled"}, seed ${data.seed}`,
    },
    ...data.splits.map((split): Fact => ({
      name: `${split.name} split`,
      text: `${plural(split.samples, "sample")}, ${split.hash}`,
      code: true,
    })),
    {
      name: "metric",
      text: `${metric.name}, ${metric.higherIsBetter ? "higher" : "lower"} is better; ` +
        `budget ${metricFormat(study).budget}`,
    },
    ...Object.entries(provenance.versions).toSorted(([a], [b]) => a < b ? -1 : 1)
      .map(([name, text]): Fact => ({ name, text, code: true })),
    {
      name: "machine",
      text: `${provenance.machine}; ${plural(provenance.workers, "worker")}, latency with ` +
        plural(provenance.threads, "thread"),
    },
    {
      name: "float32 latency",
      text: `about ${study.baseline.latencyMs.toFixed(study.baseline.latencyMs < 10 ? 2 : 1)} ms ` +
        "on that machine on that day, for orientation only",
    },
    provenance.revision !== undefined &&
    { name: "revision", text: provenance.revision, code: true },
    provenance.reused > 0 &&
    {
      name: "re-used",
      text: `${count(provenance.reused)} of ${plural(trials.length, "trial")} from an earlier run`,
    },
    collapsed.length > 0 &&
    {
      name: "same models",
      text: collapsed.map(({ name, sameAs }) => `${name} gives that of ${sameAs}`).join("; "),
    },
    chosen !== undefined && { name: "winner's key", text: chosen.key, code: true },
    chosen?.modelHash !== undefined &&
    { name: "winner's SHA-256", text: chosen.modelHash, code: true },
    chosen?.file !== undefined && { name: "winner's file", text: chosen.file, code: true },
  ];
  return facts.filter((fact) => fact !== false);
}
