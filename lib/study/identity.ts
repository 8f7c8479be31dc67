import type { Splits } from "../data/split.ts";
import { median } from "../evaluate/quantile.ts";
import { parameterCount } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { runtimeVersions } from "../runtime/open_runtime.ts";
import type { Json } from "../record/json.ts";
import { OCTAVO_VERSION } from "./provenance.ts";
import type { SplitInfo, Study } from "../record/study_record.ts";
import type { Trial } from "../record/trial_record.ts";
import type { Store, StudyIdentity } from "./store.ts";

/** What makes a study this one and no other. */
export async function studyIdentity(
  model: Model,
  data: Splits,
  metric: StudyIdentity["metric"],
): Promise<StudyIdentity> {
  const splits: SplitInfo[] = [];
  for (const name of ["calibration", "selection", "test"] as const) {
    splits.push({ name, samples: data[name].length, hash: await data[name].hash() });
  }
  return {
    model: { name: model.name, hash: await model.hash() },
    data: { name: data.name, splits },
    metric,
    versions: {
      octavo: OCTAVO_VERSION,
      "onnxruntime-web": runtimeVersions()["onnxruntime-web"]!,
    },
  };
}

/** Of an identity, all that decides what a trial measures on the selection split. */
export function measuredOn({ model, data, metric, versions }: StudyIdentity): Record<string, Json> {
  const hashOf = (name: string) => data.splits.find((split) => split.name === name)!.hash;
  return {
    model: model.hash,
    calibration: hashOf("calibration"),
    selection: hashOf("selection"),
    metric: { ...metric },
    versions,
  };
}

/** Model and data as a study tells of them. */
export function describeStudy(
  model: Model,
  data: Splits,
  identity: StudyIdentity,
  labelled: boolean,
): Pick<Study, "model" | "data"> {
  return {
    model: {
      name: model.name,
      hash: identity.model.hash,
      bytes: model.bytes().length,
      opset: model.opset,
      nodes: model.graph.node.length,
      parameters: parameterCount(model.graph),
    },
    data: {
      name: data.name,
      labelled,
      splits: identity.data.splits.map((split) => ({ ...split })),
      seed: data.seed,
    },
  };
}

/** Float32 as far as it has been measured. Its time is the median over all measurements. */
export async function studyBaseline(
  store: Store,
  hash: string,
  trials: readonly Trial[],
): Promise<Study["baseline"] | undefined> {
  const selection = await store.evaluation(hash, "selection");
  if (!selection) return undefined;
  const test = await store.evaluation(hash, "test");
  const times = trials.flatMap(({ latency }) => latency ? [latency.baselineMs] : []);
  return {
    selection: selection.accuracy.value,
    ...(test && { test: test.accuracy.value }),
    latencyMs: times.length > 0 ? median(times) : 0,
  };
}
