import { averageRanks } from "../average_ranks.ts";
import { embeddingOf } from "../embedding.ts";
import { pseudoValues } from "../jackknife.ts";
import type { EmbeddingOptions, Metric } from "../metric.ts";
import { cosineWithFloat32 } from "./embedding_cosine.ts";

/** Fewest samples: with one left out there must be pairs that can be put in order. */
const FEWEST = 4;

/** Most samples that are compared with one another: two million pairs. Later ones have no score. */
const MOST = 2000;

/**
 * Spearman's correlation of how similar samples are to one another with how similar they are to float32: the
 * cosines of all pairs of embeddings, by rank. What a search by similarity finds depends on these ranks alone.
 * Its interval is the jackknife's, with the ranks of all samples.
 *
 * @see {@linkcode embeddingCosine} for how outputs are pooled
 */
export function rankCorrelation(options: EmbeddingOptions = {}): Metric {
  return {
    name: "rank correlation",
    about: "Spearman's correlation, with float32, of the cosines of all pairs of embeddings",
    needs:
      `${FEWEST} samples or more; an output of numbers, [1, channels] or [1, tokens, channels]`,
    unit: "",
    digits: 4,
    higherIsBetter: true,
    share: false,
    perfect: 1,
    // Better files of MiniLM-L6 that onnxruntime's quantize_dynamic makes have 0.991.
    maxDrop: 0.01,
    whole: {
      note: ({ outputs, reference }) =>
        bothOf(embeddingOf(outputs, options), embeddingOf(reference, options)),
      scores: (units) => scoresOf(units.map(([note]) => note as Float64Array | undefined)),
    },
    score: (sample) => cosineWithFloat32(sample, options),
  };
}

/** Both vectors one after the other, each of length 1. */
function bothOf(ours: Float64Array, theirs: Float64Array): Float64Array {
  const both = new Float64Array(ours.length + theirs.length);
  both.set(unit(ours));
  both.set(unit(theirs), ours.length);
  return both;
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return length > 0 ? vector.map((x) => x / length) : vector;
}

/** @param notes Of each sample its embedding and float32's, both of length 1. */
function scoresOf(notes: readonly (Float64Array | undefined)[]): Float64Array {
  const taken = [...notes.keys()].filter((i) => notes[i]).slice(0, MOST);
  const n = taken.length;
  if (n < FEWEST) throw new Error(`it takes ${FEWEST} samples or more, got ${n}`);
  const similarities = (half: 0 | 1) => {
    const found = new Float64Array(n * (n - 1) / 2);
    forEachPair(n, (i, j, pair) => {
      found[pair] = dot(notes[taken[i]!]!, notes[taken[j]!]!, half);
    });
    return found;
  };
  const [ours, theirs] = [averageRanks(similarities(0)), averageRanks(similarities(1))];
  const all = new Float64Array(SUMS);
  const own = taken.map(() => new Float64Array(SUMS));
  forEachPair(n, (i, j, pair) => {
    const [x, y] = [ours[pair]!, theirs[pair]!];
    const terms = [1, x, y, x * x, y * y, x * y];
    for (const sums of [all, own[i]!, own[j]!]) terms.forEach((term, k) => sums[k]! += term);
  });
  const without = own.map((sums) => correlation(all.map((sum, k) => sum - sums[k]!)));
  const values = pseudoValues(correlation(all), without);
  const scores = new Float64Array(notes.length).fill(NaN);
  taken.forEach((index, i) => scores[index] = values[i]!);
  return scores;
}

function forEachPair(n: number, take: (i: number, j: number, pair: number) => void): void {
  let pair = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) take(i, j, pair++);
}

/** Sums that a correlation is made of: of 1, x, y, x², y², x y. */
const SUMS = 6;

/** Of two that are the same everywhere nothing can be out of order. */
function correlation([n, x, y, xx, yy, xy]: Float64Array): number {
  const [spread, otherSpread] = [n! * xx! - x! * x!, n! * yy! - y! * y!];
  if (spread <= 0 || otherSpread <= 0) return spread <= 0 && otherSpread <= 0 ? 1 : 0;
  return Math.min(1, (n! * xy! - x! * y!) / Math.sqrt(spread * otherSpread));
}

/** @param half Which halves of two notes are multiplied. */
function dot(a: Float64Array, b: Float64Array, half: 0 | 1): number {
  const length = a.length / 2;
  let sum = 0;
  for (let i = half * length; i < (half + 1) * length; i++) sum += a[i]! * b[i]!;
  return sum;
}
