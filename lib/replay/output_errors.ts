import {
  addSums,
  comparable,
  cosineOf,
  noiseShare,
  noSums,
  sameShape,
  sqnrOf,
  type Sums,
} from "../evaluate/closeness.ts";
import { meanInterval, moments } from "../evaluate/interval.ts";
import type { Effect } from "../record/ablation_record.ts";
import type { SampleOutputs } from "./effect_setup.ts";

/**
 * Closeness of a network's outputs to float32's over some samples. Of several outputs the worst counts:
 * they differ in scale, and one must not hide another.
 */
export class OutputErrors {
  /** By output, over all samples. */
  readonly #sums = new Map<string, Sums>();
  /** Worst SQNR of each sample, dB. */
  readonly #sqnr: number[] = [];

  /** Adds a sample. An output that is missing, or changed its shape, does not count. */
  add(reference: SampleOutputs, outputs: SampleOutputs): void {
    let worst = Infinity;
    for (const name of comparable(reference)) {
      const [theirs, ours] = [reference[name]!, outputs[name]];
      if (!ours || !sameShape(ours, theirs) || theirs.data.length === 0) continue;
      const own = noSums();
      addSums(own, theirs, ours);
      worst = Math.min(worst, sqnrOf(own));
      const all = this.#sums.get(name) ?? noSums();
      this.#sums.set(name, all);
      for (const key of ["signal", "noise", "product", "energy"] as const) all[key] += own[key];
    }
    if (worst < Infinity) this.#sqnr.push(worst);
  }

  /** Nothing, if there are too few samples for an interval. */
  summary(): Pick<Effect, "sqnr" | "noise" | "cosine"> {
    if (this.#sqnr.length < 2) return {};
    const sums = [...this.#sums.values()];
    const worst = sums.reduce((a, b) => sqnrOf(b) < sqnrOf(a) ? b : a);
    const sqnr = Float64Array.from(this.#sqnr);
    return {
      sqnr: { value: moments(sqnr).mean, ...meanInterval(sqnr), n: sqnr.length },
      noise: noiseShare(worst),
      cosine: Math.min(...sums.map(cosineOf)),
    };
  }
}
