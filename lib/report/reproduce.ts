import type { AblationRecord } from "../record/ablation_record.ts";
import type { MetricInfo } from "../record/metric_info.ts";
import { baselineWords } from "../record/given_record.ts";
import type { SplitInfo, Study } from "../record/study_record.ts";
import { machineText } from "../record/runtime_name.ts";
import { unverifiedRuntime } from "../record/verified_runtime.ts";
import { codeOf, type Definition, factsOf, folded, paragraphOf } from "./blocks.ts";
import { count, decimal, megabytes, metricFormat, plural } from "./format.ts";
import type { Section } from "./page.ts";

/** How to run a study again, and what its numbers depend on. */
export function reproduceStudy(study: Study): Section {
  const { provenance, winner, trials } = study;
  const chosen = trials.find(({ key }) => key === winner?.key);
  return reproduceSection({
    command: provenance.command,
    note: "Accuracy comes out the same to the bit on every machine. Latency ratios belong to the " +
      "machine below.",
    facts: studyFacts(study),
    json: {
      "Configuration of the study": provenance.config,
      ...(chosen && { "Recipe of the winner": chosen.recipe }),
    },
  });
}

/** How to run an ablation again, and what its numbers depend on. */
export function reproduceAblation(record: AblationRecord): Section {
  const { provenance, timing } = record;
  return reproduceSection({
    command: provenance.command,
    note: "Effects come out the same to the bit on every machine." +
      (timing ? " Times belong to the machine below." : ""),
    facts: ablationFacts(record),
    json: { "Options of the ablation": provenance.options },
  });
}

function reproduceSection(
  { command, note, facts, json }: {
    readonly command: string;
    readonly note: string;
    readonly facts: readonly Definition[];
    /** Documents to be opened, by title. */
    readonly json: Readonly<Record<string, unknown>>;
  },
): Section {
  return {
    title: "How to reproduce",
    blocks: [
      codeOf(command, "sh"),
      paragraphOf(note),
      factsOf(facts),
      ...Object.entries(json).map(([title, value]) =>
        folded({ text: title }, codeOf(JSON.stringify(value, null, 2), "json"))
      ),
    ],
  };
}

/** What the numbers of a study depend on: model, data, versions, machine, each with its hash. */
export function studyFacts(study: Study): Definition[] {
  const { model, data, metric, provenance, winner, trials, collapsed = [], baseline } = study;
  const chosen = trials.find(({ key }) => key === winner?.key);
  const facts: (Definition | false)[] = [
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
    ...splitFacts(data.splits),
    metricFact(metric, `budget ${metricFormat(study).budget}`),
    ...versionFacts(provenance.versions),
    {
      name: "machine",
      text: `${machineText(provenance)}; ${plural(provenance.workers, "worker")}, latency with ` +
        plural(provenance.threads, "thread"),
    },
    {
      name: `latency of ${baselineWords(study).model}`,
      text: `about ${decimal(baseline.latencyMs, baseline.latencyMs < 10 ? 2 : 1)} ms on that ` +
        "machine on that day, for orientation only",
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

/** What the numbers of an ablation depend on. */
export function ablationFacts({ model, data, metric, provenance, timing }: AblationRecord) {
  return [
    { name: "model", text: `${model.name}: ${megabytes(model.bytes)}` },
    { name: "model SHA-256", text: model.hash, code: true },
    { name: "data", text: data.name },
    ...splitFacts(data.splits),
    metricFact(metric),
    ...versionFacts(provenance.versions),
    ...timing
      ? [{
        name: "machine",
        text: `${machineText(timing)}; times with ${plural(timing.threads, "thread")}`,
      }]
      : [],
  ];
}

function splitFacts(splits: readonly SplitInfo[]): Definition[] {
  return splits.map(({ name, samples, hash }) => ({
    name: `${name} split`,
    text: `${plural(samples, "sample")}, ${hash}`,
    code: true,
  }));
}

function metricFact({ name, higherIsBetter }: MetricInfo, ...more: string[]): Definition {
  const sense = `${name}, ${higherIsBetter ? "higher" : "lower"} is better`;
  return { name: "metric", text: [sense, ...more].join("; ") };
}

function versionFacts(versions: Readonly<Record<string, string>>): Definition[] {
  const unverified = unverifiedRuntime(versions);
  return [
    ...Object.entries(versions).toSorted(([a], [b]) => a < b ? -1 : 1)
      .map(([name, text]) => ({ name, text, code: true })),
    ...unverified === undefined ? [] : [{ name: "not verified", text: unverified }],
  ];
}
