import type { Calibration } from "../calibrate/calibration.ts";
import {
  addSums,
  comparable,
  cosineOf,
  noSums,
  sameShape,
  sqnrOf,
  type Sums,
} from "../evaluate/closeness.ts";
import type { Metric } from "../evaluate/metric.ts";
import { convert } from "./convert.ts";
import { type QConfigMapping, qconfigMapping, type Rule } from "./mapping.ts";
import { float32, type QConfig } from "./qconfig.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Replay, Variant } from "../replay/replay.ts";

/** A layer in one form, all others in float32. */
export interface LayerForm {
  /** What tells it from others: the layer and its form. */
  readonly key: string;
  /** Names of the layer's nodes. */
  readonly nodes: readonly string[];
  readonly qconfig: QConfig;
}

/** What one layer in one form does to the outputs, by itself. */
export interface FormError<F extends LayerForm = LayerForm> {
  readonly form: F;
  /** Power of float32's outputs and of the error in them, over the samples; of several the worst. */
  readonly signal: number;
  readonly noise: number;
  /** 10 log10(signal / noise), dB; 150 where the outputs are equal to the bit. */
  readonly sqnr: number;
  readonly cosine: number;
  /** The metric's score of each sample, in the order of `samples`; absent where none was asked for. */
  readonly scores?: Float64Array;
  /** Why it could not be measured, if so. */
  readonly error?: Error;
}

/** Options for {@linkcode formErrors}. */
export interface FormErrorsOptions {
  /**
   * Statistics of all tensors that some form needs: of what `prepare()` makes of the model and the
   * {@linkcode onlyMapping} of each form.
   */
  calibration?: Calibration;
  /** Indices of the samples of the replay's data set. @default {the first 16} */
  samples?: readonly number[];
  /** Scores the samples too. @default {none} */
  metric?: Metric;
}

/**
 * Measures what each of many forms of layers costs by itself: the error it brings to the network's
 * outputs while all else stays float32. Only what follows a layer runs, see {@linkcode Replay}; errors of
 * several layers add up as powers (`noise`) as long as they are small.
 *
 * @param replay Over the float32 network, see `networkFacts()`, and the samples.
 * @returns Errors in the order in which they are measured.
 * @example The first of two layers, static and with weights alone
 * ```ts ignore
 * const replay = await Replay.open(float32, data.selection, pool);
 * const forms = [staticInt8(), weightOnly()].map((qconfig) => (
 *   { key: `conv1 ${qconfig.kind}`, nodes: ["conv1", "relu1"], qconfig }
 * ));
 * for await (const { form, sqnr } of formErrors(replay, forms, { calibration })) {
 *   console.log(form.key, sqnr);
 * }
 * ```
 */
export async function* formErrors<F extends LayerForm>(
  replay: Replay,
  forms: readonly F[],
  options: FormErrorsOptions = {},
): AsyncGenerator<FormError<F>, void, void> {
  const { calibration, metric } = options;
  const count = Math.min(16, replay.dataset.length);
  const samples = options.samples ?? Array.from({ length: count }, (_, i) => i);
  const references = await replay.outputs(samples);
  const variants = forms.map((form): FormVariant<F> => ({
    form,
    key: form.key,
    make: () => convert(replay.base, onlyMapping(form.nodes, () => form.qconfig), calibration),
    outputs: new Map<number, Readonly<Record<string, Tensor>>>(),
  }));
  for await (const { variant, samples: done, results, error } of replay.run(samples, variants)) {
    if (error) {
      yield { form: variant.form, signal: NaN, noise: NaN, sqnr: NaN, cosine: NaN, error };
      continue;
    }
    done.forEach((index, i) => variant.outputs.set(index, results[i]!));
    if (variant.outputs.size < samples.length) continue;
    const outputs = samples.map((index) => variant.outputs.get(index)!);
    const worst = worstOf(references, outputs);
    const scores = metric && Float64Array.from(samples, (index, i) => {
      const label = replay.dataset.labels?.[index] ?? -1;
      if (metric.usesLabels && label < 0) return NaN;
      const reference = references[i]!;
      return metric.score({ outputs: outputs[i]!, reference, index, ...(label >= 0 && { label }) });
    });
    yield {
      form: variant.form,
      signal: worst.signal,
      noise: worst.noise,
      sqnr: sqnrOf(worst),
      cosine: cosineOf(worst),
      ...(scores && { scores }),
    };
    variant.outputs.clear();
  }
}

interface FormVariant<F extends LayerForm> extends Variant {
  readonly form: F;
  readonly outputs: Map<number, Readonly<Record<string, Tensor>>>;
}

/**
 * The mapping of a network with some nodes in int8 and all others in float32.
 *
 * @param of The form of each of them.
 * @param observers Of single tensors. @default {those of the forms}
 */
export function onlyMapping(
  nodes: readonly string[],
  of: (node: string) => QConfig,
  observers?: QConfigMapping["observers"],
): QConfigMapping {
  const rules = nodes.map((name): Rule => [name, of(name)]);
  return {
    ...qconfigMapping({ default: float32, rules, onUnsupported: "float32" }),
    ...observers && { observers },
  };
}

/** Sums over all values of the output that is furthest from float32's. */
export function worstOf(
  references: readonly Readonly<Record<string, Tensor>>[],
  outputs: readonly Readonly<Record<string, Tensor>>[],
): Sums {
  const sums = new Map<string, Sums>();
  references.forEach((reference, i) => {
    for (const name of comparable(reference)) {
      const [theirs, ours] = [reference[name]!, outputs[i]![name]];
      const sum = sums.get(name) ?? noSums();
      sums.set(name, sum);
      if (ours && sameShape(ours, theirs)) addSums(sum, theirs, ours);
    }
  });
  return [...sums.values()].reduce((a, b) => sqnrOf(b) < sqnrOf(a) ? b : a, noSums());
}
