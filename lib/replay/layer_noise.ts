import { z } from "zod";
import { quantizationError } from "../calibrate/quantization_error.ts";
import type { Calibration } from "../calibrate/calibration.ts";
import type { TensorStatistics } from "../calibrate/statistics.ts";
import type { Range } from "../calibrate/range.ts";
import type { NodeProto } from "../onnx/onnx_pb.ts";
import { affineParams } from "../quantize/affine.ts";
import { convert } from "../quantize/convert.ts";
import { graphFacts } from "../quantize/graph_facts.ts";
import { qconfigMapping } from "../quantize/mapping.ts";
import { float32 } from "../quantize/qconfig.ts";
import { toWeights } from "../quantize/weight_observers.ts";
import { storableWeights } from "../quantize/weight_only.ts";
import { roundEven } from "../tensor/round.ts";
import { observerOf as toObserverOf, qconfigOf as qconfigOfForm } from "../quantize/from_recipe.ts";
import {
  SEARCH_FORMS,
  SEARCH_OBSERVERS,
  type SearchForm as NodeForm,
  USUAL_OBSERVER as DEFAULT_OBSERVER,
} from "../strategy/search/search_forms.ts";
import type { Base } from "../cost/exact_forms.ts";
import { layersOf, roundingsOf } from "../strategy/search/roundings.ts";
import type { Probe } from "./probe.ts";

const observerOf = (name: string) => toObserverOf(SEARCH_OBSERVERS.get(name)!);
const qconfigOf = (form: NodeForm) =>
  qconfigOfForm(SEARCH_FORMS[form], {
    observer: observerOf(DEFAULT_OBSERVER),
    weights: toWeights("per-channel"),
  });

const noise = z.array(z.number());

const storedForm = z.enum(["dynamic", "int8 weights", "int4 weights", "float16 weights"]);
type StoredForm = z.infer<typeof storedForm>;

/**
 * What each single change does to the outputs of a network: noise power as a share of the signal's, at
 * each output. Noise of changes that are not of one another's making adds up.
 */
export const sensitivities = z.strictObject({
  /** Outputs that noise is measured at. */
  outputs: z.array(z.string()),
  samples: z.int(),
  /** By tensor, and observer of its range: what rounding it to uint8 does. */
  tensors: z.record(z.string(), z.record(z.string(), noise)),
  /** By layer and form: what storing or computing all of it so does by itself. */
  layers: z.record(z.string(), z.partialRecord(storedForm, noise)),
});
export type Sensitivities = z.infer<typeof sensitivities>;

/** Options for {@linkcode measureSensitivities}. */
export interface SensitivityOptions {
  /** What was found on another exact form of the network: layers of the same name are the same. */
  known?: Sensitivities;
  /** Whether int4 weights are of interest. @default {false} */
  int4?: boolean;
  /** Says when to stop looking at further observers. @default {never} */
  isLate?: () => boolean;
  signal?: AbortSignal;
  /** Called with the share that is done. */
  onProgress?: (done: number) => void;
}

/** A range that differs by less than this share of another's width rounds as well as that one. */
const ALIKE = 0.02;

/** Measures what each change that a search can make does to the outputs by itself. */
export async function measureSensitivities(
  base: Base,
  probe: Probe,
  calibration: Calibration,
  options: SensitivityOptions = {},
): Promise<Sensitivities> {
  const { known, int4 = false, isLate = () => false, signal, onProgress = () => {} } = options;
  const { problem: { kernels }, network: { model } } = base;
  const facts = graphFacts(model.graph);
  const found: Sensitivities = {
    outputs: [...probe.outputs],
    samples: probe.values.length,
    tensors: { ...known?.tensors },
    layers: { ...known?.layers },
  };
  const work: (() => Promise<void>)[] = [];
  const measured = new Set([...roundingsOf(base).values()].map(({ of }) => of));
  for (const name of measured) {
    if (found.tensors[name] || !calibration.statistics.has(name)) continue;
    work.push(async () => {
      const noises = await roundingNoise(name, [DEFAULT_OBSERVER], probe, calibration);
      found.tensors[name] = { [DEFAULT_OBSERVER]: noises[0]! };
    });
  }
  const layers = layersOf(base);
  for (const [layer, own] of Map.groupBy(kernels, (_, i) => layers[i]!)) {
    const nodes = own.flatMap(({ nodes }) => nodes);
    const forms: StoredForm[] = [];
    if (nodes.some((node) => storableWeights(node, facts).length > 0)) {
      forms.push("int8 weights", "float16 weights", ...int4 ? ["int4 weights" as const] : []);
    }
    const isDynamic = own.some(({ choices }) => choices.some(({ kind }) => kind === "dynamic"));
    if (isDynamic) forms.push("dynamic");
    for (const form of forms) {
      if (found.layers[layer]?.[form]) continue;
      work.push(async () => {
        (found.layers[layer] ??= {})[form] = await formNoise(nodes, form, probe);
      });
    }
  }
  for (const [i, step] of work.entries()) {
    signal?.throwIfAborted();
    await step();
    onProgress((i + 1) / work.length);
  }
  // Those that hurt most first: time may not suffice for all.
  const worst = Object.entries(found.tensors)
    .filter(([name, noises]) => measured.has(name) && Object.keys(noises).length === 1)
    .sort(([, a], [, b]) => largest(b[DEFAULT_OBSERVER]!) - largest(a[DEFAULT_OBSERVER]!));
  for (const [name, noises] of worst) {
    if (isLate()) break;
    signal?.throwIfAborted();
    const others = observersWorthTrying(calibration.statistics.get(name)!);
    const more = await roundingNoise(name, others, probe, calibration);
    others.forEach((observer, i) => noises[observer] = more[i]!);
  }
  return found;
}

/** Observers, besides the default, whose ranges are ranges of their own. */
function observersWorthTrying(statistics: TensorStatistics): string[] {
  const ranges: Range[] = [observerOf(DEFAULT_OBSERVER).range(statistics)];
  const worth: string[] = [];
  for (const name of SEARCH_OBSERVERS.keys()) {
    const observer = observerOf(name);
    const range = observer.range(statistics);
    const width = range.max - range.min;
    const known = ranges.some(({ min, max }) =>
      Math.abs(min - range.min) + Math.abs(max - range.max) <= ALIKE * width
    );
    if (known) continue;
    ranges.push(range);
    worth.push(name);
  }
  // Rounding alone says which of them cannot be worth a run: those that are far worse at the tensor itself.
  const errors = worth.map((name) =>
    quantizationError(statistics, observerOf(name).range(statistics)).total
  );
  const own = quantizationError(statistics, ranges[0]!).total;
  return worth.filter((_, i) => errors[i]! <= FAR_WORSE * own);
}

/** Errors at the tensor itself that are so many times as large are not withBiasCorrection by what follows. */
const FAR_WORSE = 4;

/** What rounding a tensor to uint8 over the ranges of some observers does to the outputs. */
async function roundingNoise(
  name: string,
  observers: readonly string[],
  probe: Probe,
  calibration: Calibration,
): Promise<number[][]> {
  if (observers.length === 0) return [];
  const statistics = calibration.statistics.get(name)!;
  const changed = observers.map((observer) => {
    const { scale, zeroPoint } = affineParams(observerOf(observer).range(statistics));
    return probe.values.map((values) => {
      const data = values.get(name)!.data as Float32Array;
      return data.map((x) =>
        (Math.min(Math.max(roundEven(x / scale) + zeroPoint, 0), 255) - zeroPoint) * scale
      );
    });
  });
  return await probe.tensor(name, changed);
}

async function formNoise(
  nodes: readonly NodeProto[],
  form: NodeForm,
  probe: Probe,
): Promise<number[]> {
  const rules = nodes.map((node) => [node.name, qconfigOf(form)] as const);
  const mapping = qconfigMapping({ default: float32, rules, onUnsupported: "float32" });
  return await probe.nodes(nodes, (model) => convert(model, mapping));
}

function largest(noises: readonly number[]): number {
  return Math.max(0, ...noises);
}
