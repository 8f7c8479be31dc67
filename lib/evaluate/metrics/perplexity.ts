import { isFloat, toNumbers } from "../classes.ts";
import type { Feeds, Tensor } from "../../tensor/tensor.ts";
import type { ClassOptions, Metric, Pooled, ScoredSample } from "../metric.ts";

/** Surprise that a token of probability 0 counts as, in nats: float32's least number is e^-103. */
const MOST_SURPRISE = 103;

/**
 * Perplexity of a language model: e to the mean surprise, over all tokens of all samples. A token is
 * predicted by the scores before it: `logits` [1, T, vocabulary] at position t predict the label of that
 * position, where there are labels of positions; else the token t + 1 of the input of tokens [1, T], and the
 * last position the label, where the sample has one. Scores may be logits, log-probabilities or probabilities.
 *
 * @example Two tokens at even odds
 * ```ts
 * import { perplexity } from "./perplexity.ts";
 * import { float32 } from "../../tensor/tensor.ts";
 * import assert from "node:assert/strict";
 * const outputs = { logits: float32([1, 1, 2], [0.5, 0.5]) };
 * const score = perplexity().score({ outputs, reference: outputs, label: 1, index: 0 });
 * assert.ok(Math.abs(score! - 2) < 1e-12);
 * ```
 */
export function perplexity(options: ClassOptions = {}): Metric {
  const pooled: Pooled = {
    tally: (sample) => surpriseOf(sample, options),
    value: (sums) => Math.exp((sums[0] ?? 0) / sums[1]!),
  };
  return {
    name: "perplexity",
    about: "e to the mean surprise at the next token, over all tokens of all samples",
    needs:
      "scores of a vocabulary, and the tokens: labels [N, T], an integer input [N, T], or labels [N] for " +
      "the last position",
    unit: "",
    digits: 3,
    higherIsBetter: false,
    share: false,
    usesInputs: true,
    pooled,
    score: (sample) => pooled.value(pooled.tally(sample)),
  };
}

/** Sum of the surprises in nats, and the number of tokens. */
function surpriseOf(sample: ScoredSample, options: ClassOptions): number[] {
  const { outputs, inputs, label, tokenLabels } = sample;
  const scores = scoresOf(outputs, options.output);
  const vocabulary = scores.dims.at(-1)!;
  const length = scores.data.length / vocabulary;
  const next = tokenLabels ? labelled(tokenLabels, length) : nextTokens(inputs ?? {}, length);
  if (label !== undefined) next[length - 1] = label;
  const values = toNumbers(scores);
  let [sum, count] = [0, 0];
  for (const [position, token] of next.entries()) {
    if (token === undefined) continue;
    if (!(token >= 0 && token < vocabulary)) {
      throw new Error(`its token ${token} is outside the ${vocabulary} of the vocabulary`);
    }
    sum += surprise(values, position * vocabulary, vocabulary, token);
    count++;
  }
  if (count > 0 || tokenLabels) return [sum, count];
  throw new Error(
    "no token is known that follows a position of its scores: bring labels (the next token of the last " +
      `position, or of all), or an integer input of ${length} tokens`,
  );
}

function scoresOf(outputs: ScoredSample["outputs"], name: string | undefined): Tensor {
  const floats = Object.entries(outputs)
    .filter(([, { type, dims }]) => isFloat(type) && (dims.at(-1) ?? 1) > 1);
  const found = name === undefined
    ? (floats.find(([key]) => /logit|prob/i.test(key)) ?? floats[0])?.[1]
    : outputs[name];
  if (found) return found;
  throw new Error(
    name === undefined ? "no output holds scores of a vocabulary" : `there is no output "${name}"`,
  );
}

/** The tokens that labels say, one for each position. */
function labelled(labels: Int32Array, length: number): (number | undefined)[] {
  if (labels.length === length) return Array.from(labels, (one) => one < 0 ? undefined : one);
  throw new Error(
    `its scores are of ${length} positions, but there are ${labels.length} labels; save a label for each`,
  );
}

/** The token that follows each position, as far as it is among the inputs. */
function nextTokens(inputs: Feeds, length: number): (number | undefined)[] {
  const integers = Object.entries(inputs).filter(([, { type, dims, data }]) =>
    /^u?int(32|64)$/.test(type) && data.length === length && dims.at(-1) === length
  );
  const tokens = integers.length === 1
    ? integers[0]
    : integers.find(([name]) => /input_?ids|token(?!_type)|^ids$/i.test(name));
  const values = tokens ? toNumbers(tokens[1]) : [];
  return Array.from({ length }, (_, position) => values[position + 1]);
}

/** -log p of a token under a row of scores. */
function surprise(
  values: ArrayLike<number>,
  start: number,
  vocabulary: number,
  token: number,
): number {
  let most = -Infinity;
  let [total, least] = [0, 0];
  for (let i = start; i < start + vocabulary; i++) {
    most = Math.max(most, values[i]!);
    total += values[i]!;
    least = Math.min(least, values[i]!);
  }
  const own = values[start + token]!;
  if (least >= 0 && Math.abs(total - 1) < 1e-3) return Math.min(MOST_SURPRISE, -Math.log(own));
  let sum = 0;
  for (let i = start; i < start + vocabulary; i++) sum += Math.exp(values[i]! - most);
  return Math.min(MOST_SURPRISE, Math.log(sum) + most - own);
}
