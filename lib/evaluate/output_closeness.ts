import type { OutputError } from "../record/trial_record.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  addSums,
  comparable,
  cosineOf,
  noSums,
  sameShape,
  sqnrOf,
  type Sums,
} from "./closeness.ts";

/** Closeness of a network's outputs to float32's, pooled over samples. */
export class OutputCloseness {
  readonly #sums = new Map<string, Sums>();
  /** Outputs that had another shape than float32's in some sample. */
  readonly #misshapen = new Set<string>();

  add(
    reference: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
  ): void {
    for (const name of comparable(reference)) {
      const [ours, theirs] = [outputs[name], reference[name]!];
      if (!ours || !sameShape(ours, theirs)) this.#misshapen.add(name);
      else if (theirs.data.length > 0) {
        const sums = this.#sums.get(name) ?? noSums();
        this.#sums.set(name, sums);
        addSums(sums, theirs, ours);
      }
    }
  }

  /** The worst of the outputs by each measure; undefined where none keeps its shape. */
  worst(): OutputError | undefined {
    const sums = [...this.#sums].filter(([name]) => !this.#misshapen.has(name))
      .map(([, sums]) => sums);
    if (sums.length === 0) return undefined;
    return {
      sqnr: sums.every(({ noise }) => noise === 0) ? null : Math.min(...sums.map(sqnrOf)),
      cosine: Math.min(...sums.map(cosineOf)),
    };
  }
}
