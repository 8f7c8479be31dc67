import type { Splits } from "../data/split.ts";
import type { Metric } from "../evaluate/metric.ts";
import { parameterCount } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { Json } from "../record/json.ts";
import type { SplitInfo, Study } from "../record/study_record.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { OCTAVO_VERSION } from "./provenance.ts";
import type { StudyIdentity } from "./study_store.ts";

/**
 * What makes a study this one and no other: the model, the samples of each split, the metric, and the
 * versions of whatever decides the bits of a result.
 *
 * @param splits Those that are used.
 * @param runtime What its models are run in.
 * @param source What tells two metrics of one name apart. @default {the text of its scoring function}
 * @param reference What accuracy is against. @default {the model itself}
 */
export async function identityOf(
  model: Model,
  data: Pick<Splits, "name"> & Partial<Splits>,
  splits: readonly SplitInfo["name"][],
  { name, unit, score }: Metric,
  runtime: Pick<Runtime, "environment">,
  source: string = score.toString(),
  reference: Model = model,
): Promise<StudyIdentity> {
  const { versions } = await runtime.environment();
  const infos: SplitInfo[] = [];
  for (const name of splits) {
    const split = data[name]!;
    infos.push({ name, samples: split.length, hash: await split.hash() });
  }
  return {
    model: { name: model.name, hash: await model.hash() },
    ...(reference !== model && {
      reference: { name: reference.name, hash: await reference.hash() },
    }),
    data: { name: data.name, splits: infos },
    metric: { name, unit, source },
    versions: {
      octavo: OCTAVO_VERSION,
      "onnxruntime-web": versions["onnxruntime-web"]!,
    },
  };
}

/** Of an identity, all that decides what a trial measures on the selection split. */
export function measuredOn(
  { model, reference, data, metric, versions }: StudyIdentity,
): Record<string, Json> {
  const hashOf = (name: string) => data.splits.find((split) => split.name === name)!.hash;
  return {
    model: model.hash,
    ...(reference && { reference: reference.hash }),
    calibration: hashOf("calibration"),
    selection: hashOf("selection"),
    metric: { ...metric },
    versions,
  };
}

/** Model and data as a study tells of them. */
export function describeStudy(
  model: Model,
  data: Pick<Splits, "name" | "seed">,
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
