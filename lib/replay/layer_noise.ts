import { z } from "zod";
import type { Calibration } from "../calibrate/calibration.ts";
import type { Observer } from "../calibrate/observers.ts";
import type { Range } from "../calibrate/range.ts";
import { observersWorthTrying } from "../calibrate/worth_trying.ts";
import { affineParams } from "../quantize/affine.ts";
import type { Model } from "../onnx/model.ts";
import { convert } from "../quantize/convert.ts";
import { onlyMapping } from "../quantize/only_mapping.ts";
import type { QConfig } from "../quantize/qconfig.ts";
import { measureNoise } from "./measure_noise.ts";
import type { Replay, Variant } from "./replay.ts";
import { roundTensor } from "./round_tensor.ts";

const noise = z.array(z.number());

const layerForm = z.enum([
  "dynamic",
  "int8 weights",
  "int4 weights",
  "float16 weights",
  "integer products",
]);

/** A form of a whole layer that needs no ranges. */
export type LayerForm = z.infer<typeof layerForm>;

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
  layers: z.record(z.string(), z.partialRecord(layerForm, noise)),
});
/** How sensitive a network is to each single change: plain JSON. */
export type Sensitivities = z.infer<typeof sensitivities>;

/** A layer whose forms are to be measured. */
export interface LayerAsk {
  /** What tells it from others. */
  readonly name: string;
  /** Names of its nodes. */
  readonly nodes: readonly string[];
  /** What is asked of it, for each form. */
  readonly forms: Readonly<Partial<Record<LayerForm, FormAsk>>>;
}

/** What each node of a layer is asked to be; those that cannot be stay float32. Or what writes the network so. */
export type FormAsk = QConfig | ((base: Model) => Model);

/** The single changes that are to be measured. */
export interface NoiseAsks {
  /** Tensors to round to uint8; those that calibration saw nothing of are left out. */
  readonly tensors: readonly string[];
  /** Whose ranges they are rounded over: the first at every tensor, others where they are worth it. */
  readonly observers: readonly Observer[];
  readonly layers: readonly LayerAsk[];
  /** Outputs at which noise is of interest. */
  readonly outputs: readonly string[];
}

/** Options for {@linkcode measureLayerNoise}. */
export interface LayerNoiseOptions {
  /** Most samples to measure on, spread evenly over the data set. @default {8} */
  samples?: number;
  /** What was found on another exact form of the network: layers of the same name are the same. */
  known?: Sensitivities;
  /** Says when to stop looking at further observers. @default {never} */
  isLate?: () => boolean;
  /** Called with the share that is done. */
  onProgress?: (done: number) => void;
}

/** What was measured. */
export interface LayerNoise {
  readonly sensitivities: Sensitivities;
  /** What could not be, in sentences: these have no entry. */
  readonly notes: readonly string[];
}

/**
 * Measures what each single change of a float32 network does to its outputs: one tensor rounded to uint8,
 * or one layer in another form, all else as it was. Only what follows the change runs, see
 * {@linkcode Replay}.
 *
 * All tensors over the range of the first observer and all layers come first. Then the others of the
 * observers, where the first brought most noise before where it brought less: time may not suffice for
 * all. A change that cannot be measured is left out, with a note.
 *
 * @param replay Over the float32 network, with a name for each node, see `networkFacts()`.
 * @param calibration What was seen of the tensors.
 * @throws The reason of the replay's signal, if it was stopped.
 * @example
 * ```ts ignore
 * const replay = await Replay.open(model, data.selection, runtime);
 * const asks = {
 *   ...{ tensors: ["relu1"], observers: [minMax()], outputs: ["logits"] },
 *   layers: [{ name: "conv1", nodes: ["conv1"], forms: { "int8 weights": weightOnly() } }],
 * };
 * const { sensitivities } = await measureLayerNoise(asks, replay, calibration);
 * console.log(sensitivities.tensors.relu1["min-max"], sensitivities.layers.conv1["int8 weights"]);
 * ```
 */
export async function measureLayerNoise(
  asks: NoiseAsks,
  replay: Replay,
  calibration: Calibration,
  options: LayerNoiseOptions = {},
): Promise<LayerNoise> {
  const { samples: most = 8, known, isLate = () => false, onProgress = () => {} } = options;
  const samples = spreadEvenly(replay.dataset.length, most);
  const found: Sensitivities = {
    ...structuredClone({ tensors: known?.tensors ?? {}, layers: known?.layers ?? {} }),
    outputs: [...asks.outputs],
    samples: samples.length,
  };
  const notes: string[] = [];
  const measure = async (changes: readonly Change[], onDone: (count: number) => void) => {
    let done = 0;
    for await (
      const { variant, noise, error } of measureNoise(replay, samples, changes, asks.outputs)
    ) {
      if (noise) variant.keep(found, [...noise]);
      else notes.push(`The noise of ${variant.what} could not be measured: ${error.message}`);
      onDone(++done);
    }
  };

  const [usual] = asks.observers;
  const tensors = usual === undefined ? [] : [...new Set(asks.tensors)]
    .filter((name) => (calibration.statistics.get(name)?.count ?? 0) > 0);
  const first = [
    ...tensors.filter((name) => !found.tensors[name])
      .map((name) => {
        const range = () => usual!.range(calibration.statistics.get(name)!);
        return rounding(name, usual!.name, range, replay);
      }),
    ...asks.layers.flatMap((layer) => formsOf(layer, found, replay)),
  ];
  await measure(first, (count) => onProgress(count / first.length));

  const open = worstFirst(tensors, usual?.name ?? "", found);
  // As many at a time as keep all workers busy; more would be begun in vain where it gets late.
  const together = replay.runtime.about.workers + 1;
  for (let start = 0; start < open.length && !isLate(); start += together) {
    const changes = open.slice(start, start + together).flatMap((name) =>
      observersWorthTrying(calibration.statistics.get(name)!, asks.observers)
        .map(({ observer, range }) => rounding(name, observer.name, () => range, replay))
    );
    await measure(changes, () => {});
  }
  return { sensitivities: found, notes };
}

/** A change of the network, and where its noise is noted. */
interface Change extends Variant {
  /** In words. */
  readonly what: string;
  readonly keep: (found: Sensitivities, noise: number[]) => void;
}

function rounding(
  name: string,
  observer: string,
  range: () => Range,
  { base }: Replay,
): Change {
  return {
    key: JSON.stringify(["tensor", name, observer]),
    what: `rounding ${name} over the range of ${observer}`,
    make: () => roundTensor(base, name, affineParams(range())),
    keep: ({ tensors }, noise) => (tensors[name] ??= {})[observer] = noise,
  };
}

/** A change for each form of a layer that nothing is known of yet. */
function formsOf(
  { name, nodes, forms }: LayerAsk,
  known: Sensitivities,
  { base }: Replay,
): Change[] {
  return (Object.entries(forms) as [LayerForm, FormAsk][])
    .filter(([form]) => !known.layers[name]?.[form])
    .map(([form, ask]) => ({
      key: JSON.stringify(["layer", name, form]),
      what: `${form} of layer ${name}`,
      make: () =>
        typeof ask === "function" ? ask(base) : convert(base, onlyMapping(nodes, () => ask)),
      keep: ({ layers }, noise) => (layers[name] ??= {})[form] = noise,
    }));
}

/** Tensors of which no more than the usual observer is known, those that it costs most first. */
function worstFirst(names: readonly string[], usual: string, { tensors }: Sensitivities): string[] {
  const noiseOf = (name: string) => Math.max(0, ...tensors[name]?.[usual] ?? []);
  return names.filter((name) => tensors[name]?.[usual] && Object.keys(tensors[name]).length === 1)
    .sort((a, b) => noiseOf(b) - noiseOf(a));
}

/** Indices of so many of some samples, evenly spread, the first among them. */
function spreadEvenly(length: number, most: number): number[] {
  const count = Math.min(length, Math.max(1, most));
  const stride = Math.max(1, Math.floor(length / count));
  return Array.from({ length: count }, (_, i) => i * stride);
}
