import type { Evaluation } from "../../evaluate/evaluate.ts";
import { isLabelled, type Labels, labelsOf } from "../../evaluate/labels_of.ts";
import { type Metric, type ScoredSample, scoreScale } from "../../evaluate/metric.ts";
import { drop } from "../../record/budget.ts";
import { random } from "../../random.ts";
import type { Feeds, Tensor } from "../../tensor/tensor.ts";

/**
 * How much a metric drops when there is noise at the outputs: the noise-to-accuracy curve of a
 * network. Both lists rise; between their points the curve is a line over the logarithm of the noise.
 */
export interface NoiseCurve {
  /** Noise power as a share of the signal's, rising. */
  readonly noise: readonly number[];
  /** Expected drop of the metric at each, in its unit. */
  readonly drop: readonly number[];
}

/** Steps of noise, dB of signal over noise. */
const STEPS = Array.from({ length: 27 }, (_, i) => 65 - 2.5 * i);

/** Values that are made noisy for each step at most: enough for a guess that measuring corrects. */
const ENOUGH = 300_000;

/**
 * Predicts what noise costs: adds Gaussian noise to what float32 gave and scores it, sample by sample.
 * For classes this is what the distribution of margins says; for any other metric it is as good.
 *
 * @param reference Float32's evaluation, with its outputs.
 * @param outputs The outputs that the metric reads, see {@linkcode outputsRead}.
 * @param labels Of the samples.
 */
export function noiseCurve(
  { results = [], inputs, scores }: Pick<Evaluation, "results" | "inputs" | "scores">,
  metric: Metric,
  outputs: readonly string[],
  labels: Labels = {},
): NoiseCurve {
  const size = outputs.reduce((sum, name) => sum + (results[0]?.[name]?.data.length ?? 0), 0);
  const count = Math.min(results.length, Math.max(4, Math.floor(ENOUGH / Math.max(1, size))));
  const taken = Array.from({ length: count }, (_, i) => Math.floor(i * results.length / count));
  const scored = taken.filter((s) => !metric.usesLabels || isLabelled(labels, s));
  const noise: number[] = [];
  const drops: number[] = [];
  let last = 0;
  for (const dB of STEPS) {
    const power = 10 ** (-dB / 10);
    const lost = scored.flatMap((s) => {
      const noisy = withNoise(results[s]!, outputs, power, s);
      const sample = { outputs: noisy, reference: results[s]!, index: s, inputs: inputs?.[s] };
      const score = scoreOf(metric, sample, labels);
      return score === undefined ? [] : [own(metric, scores, s) - score];
    });
    const mean = lost.reduce((sum, x) => sum + x, 0) / Math.max(1, lost.length);
    last = Math.max(last, drop(metric, { value: -mean }) * scoreScale(metric));
    noise.push(power);
    drops.push(last);
  }
  return { noise, drop: drops };
}

/** Float32's score of a sample; closeness to itself is complete. */
function own(metric: Metric, scores: Float64Array, sample: number): number {
  const { perfect } = metric;
  return perfect === undefined ? scores[sample]! : perfect / scoreScale(metric);
}

/** The noise power at which a drop is to be expected: beyond the curve its last, below it in proportion. */
export function noiseOfDrop({ noise, drop }: NoiseCurve, most: number): number {
  const i = drop.findIndex((value) => value > most);
  if (i < 0) return noise.at(-1)!;
  if (i === 0) return noise[0]! * Math.min(1, most / Math.max(drop[0]!, 1e-12));
  const [a, b] = [drop[i - 1]!, drop[i]!];
  const share = b > a ? (most - a) / (b - a) : 0;
  return noise[i - 1]! * (noise[i]! / noise[i - 1]!) ** share;
}

/** The drop to be expected of a noise power: beyond the curve its last, below it in proportion. */
export function dropOfNoise({ noise, drop }: NoiseCurve, power: number): number {
  const i = noise.findIndex((value) => value >= power);
  if (i < 0) return drop.at(-1)!;
  if (i === 0) return drop[0]! * power / noise[0]!;
  const share = Math.log(power / noise[i - 1]!) / Math.log(noise[i]! / noise[i - 1]!);
  return drop[i - 1]! + share * (drop[i]! - drop[i - 1]!);
}

/**
 * The outputs that a metric reads: those of which it makes something else when their values change.
 * All float outputs, where it shows none.
 */
export function outputsRead(
  { results = [], inputs }: Pick<Evaluation, "results" | "inputs">,
  metric: Metric,
  labels: Labels = {},
): string[] {
  const floats = Object.entries(results[0] ?? {}).filter(([, { type }]) => type === "float32")
    .map(([name]) => name);
  const read = floats.filter((name) =>
    results.slice(0, 16).some((reference, index) => {
      if (metric.usesLabels && !isLabelled(labels, index)) return false;
      const sample = { reference, index, inputs: inputs?.[index] };
      const changed = { ...reference, [name]: turned(reference[name]!) };
      return scoreOf(metric, { ...sample, outputs: reference }, labels) !==
        scoreOf(metric, { ...sample, outputs: changed }, labels);
    })
  );
  return read.length > 0 ? read : floats;
}

/** The score of what a network gave for a sample; undefined where the metric cannot say. */
function scoreOf(
  metric: Metric,
  { inputs, ...sample }: Omit<ScoredSample, "inputs"> & { readonly inputs: Feeds | undefined },
  labels: Labels,
): number | undefined {
  try {
    return metric.score({
      ...sample,
      ...(inputs && { inputs }),
      ...labelsOf(labels, sample.index),
    });
  } catch {
    return undefined;
  }
}

/** The values backwards and with the other sign: another largest one, another sum, another order. */
function turned(tensor: Tensor): Tensor {
  const data = (tensor.data as Float32Array).map((x) => -x).reverse();
  return { ...tensor, data } as Tensor;
}

function withNoise(
  expected: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
  power: number,
  seed: number,
): Record<string, Tensor> {
  const stream = random(seed + 1);
  const noisy = outputs.map((name): [string, Tensor] => {
    const tensor = expected[name]!;
    const values = tensor.data as Float32Array;
    let signal = 0;
    for (const x of values) signal += x * x;
    const sigma = Math.sqrt(power * signal / Math.max(1, values.length));
    return [name, { ...tensor, data: values.map((x) => x + sigma * normal(stream)) } as Tensor];
  });
  return { ...expected, ...Object.fromEntries(noisy) };
}

/** A normal number: the sum of uniform ones is close enough within four deviations. */
function normal(stream: { between(low: number, high: number): number }): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += stream.between(0, 1);
  return sum;
}
