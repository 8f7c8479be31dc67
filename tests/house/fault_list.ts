/** A mistake that somebody could make. */
export interface Fault {
  /** What is wrong then. */
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once, */
  readonly from: string;
  /** and is replaced by this. */
  readonly to: string;
  /** The tests that are to notice. */
  readonly tests: string;
}

const SEARCH = "lib/strategy/search";
const search = { tests: "tests/strategy/search" };
const effects = { tests: "tests/replay/effects_test.ts" };

/** Faults that the tests are to notice. */
export const FAULTS: readonly Fault[] = [
  {
    ...search,
    what: "outcomes far from the budget weigh most in the scale",
    file: `${SEARCH}/next_trial.ts`,
    from: "1 / (0.1 + far) ** 2",
    to: "(0.1 + far) ** 2",
  },
  {
    ...search,
    what: "the lower limit is the least of what kept the budget",
    file: `${SEARCH}/next_trial.ts`,
    from: "this.#low = Math.max(this.#low, predicted);",
    to: "this.#low = Math.min(this.#low, predicted);",
  },
  {
    ...search,
    what: "swaps are chosen that lose",
    file: `${SEARCH}/next_trial.ts`,
    from: "gain: costOf(best) - costOf(proposal)",
    to: "gain: costOf(proposal) - costOf(best)",
  },
  {
    ...search,
    what: "reducing noise never finds anything",
    file: `${SEARCH}/next_trial.ts`,
    from: "return reduced && this.#ifNew(reduced, why);",
    to: "return undefined;",
  },
  {
    ...search,
    what: "the noise at the first output stands for that at all",
    file: `${SEARCH}/proposal.ts`,
    from: "rounding.get(tensor)?.noise[output] ?? 0",
    to: "rounding.get(tensor)?.noise[0] ?? 0",
  },
  {
    ...search,
    what: "the limit holds at the first output alone",
    file: `${SEARCH}/proposal.ts`,
    from: "return sensitivities.outputs.map(",
    to: "return sensitivities.outputs.slice(0, 1).map(",
  },
  {
    ...search,
    what: "shared weights count whole for each reader",
    file: `${SEARCH}/space.ts`,
    from: " / Math.max(1, readers)",
    to: "",
  },
  {
    ...search,
    what: "chosen observers are lost",
    file: `${SEARCH}/proposal.ts`,
    from: "observers: sorted(observers),",
    to: "observers: {},",
  },
  {
    ...search,
    what: "the observer with the most noise is chosen",
    file: `${SEARCH}/space.ts`,
    from: "largest(b[1]) < largest(a[1])",
    to: "largest(b[1]) > largest(a[1])",
  },
  {
    ...search,
    what: "size counts as a gain",
    file: `${SEARCH}/space.ts`,
    from: "worth.ms * choice.kernelMs + worth.byte * choice.bytes",
    to: "worth.ms * choice.kernelMs - worth.byte * choice.bytes",
  },
  {
    ...search,
    what: "each kernel of a layer brings the noise of all of it",
    file: `${SEARCH}/space.ts`,
    from: "noise / parts",
    to: "noise",
  },
  {
    ...search,
    what: "a result inside a layer brings all that rounding the layer's result does",
    file: `${SEARCH}/roundings.ts`,
    from: "{ of: result, share: Math.min(1, size(name) / Math.max(1, computed.get(layer)!)) }",
    to: "{ of: result, share: 1 }",
  },
  {
    ...search,
    what: "noise between two steps of the curve is taken from the wrong end",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "(most - a) / (b - a)",
    to: "(b - most) / (b - a)",
  },
  {
    ...search,
    what: "the drop between two steps of the curve is taken from the wrong end",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "drop[i - 1]! + share * (drop[i]! - drop[i - 1]!)",
    to: "drop[i]! - share * (drop[i]! - drop[i - 1]!)",
  },
  {
    ...search,
    what: "noise is as many times too large as the root of the number of values",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "Math.sqrt(power * signal / Math.max(1, values.length))",
    to: "Math.sqrt(power * signal)",
  },
  {
    ...search,
    what: "below the first step of the curve less noise costs more",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "drop[0]! * power / noise[0]!",
    to: "drop[0]! * noise[0]! / power",
  },
  {
    ...search,
    what: "the drop of a share is a hundred times too small",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "value: -mean }) * scoreScale(metric)",
    to: "value: -mean })",
  },
  {
    ...search,
    what: "bias correction is believed to remove ten times as much",
    file: `${SEARCH}/bias_retry.ts`,
    from: "10 ** 0.75",
    to: "10 ** 1.75",
  },
  {
    ...search,
    what: "biases are corrected twice",
    file: `${SEARCH}/bias_retry.ts`,
    from: "corrections.length > 0 || ",
    to: "",
  },
  {
    ...search,
    what: "bias correction is tried as often as anything misses the budget",
    file: `${SEARCH}/search_strategy.ts`,
    from: "this.#retries >= MOST_RETRIES || ",
    to: "",
  },
  {
    ...search,
    what: "float16 weights are tried in any case",
    file: `${SEARCH}/search_strategy.ts`,
    from: "this.#isKept() ? undefined : this.#first.shift()",
    to: "this.#first.shift()",
  },
  {
    ...search,
    what: "what is slower than the best is tried again with bias correction",
    file: `${SEARCH}/search_strategy.ts`,
    from: "trial.latency.ratio.value < best.latency.ratio.low",
    to: "trial.latency.ratio.value > best.latency.ratio.low",
  },
  {
    ...search,
    what: "a layer is said to add the noise of all",
    file: `${SEARCH}/explain.ts`,
    from: "largest(noise) - noiseWithout",
    to: "largest(noise)",
  },
  {
    what: "an interval is taken for twice as wide",
    file: "lib/replay/screening.ts",
    from: "const half = (high - low) / 2;",
    to: "const half = high - low;",
    ...effects,
  },
  {
    what: "half of the effect is precise enough",
    file: "lib/replay/screening.ts",
    from: "half <= Math.abs(value) / 4;",
    to: "half <= Math.abs(value) / 2;",
    ...effects,
  },
  {
    what: "every look at an effect claims 95 % for itself",
    file: "lib/replay/screening.ts",
    from: "const level = 1 - 0.05 / (this.#plan.looks?.length ?? 1);",
    to: "const level = 0.95;",
    ...effects,
  },
  {
    what: "samples are run again that were run",
    file: "lib/replay/screening.ts",
    from: "samples.filter((index) => !this.#scores.has(index));",
    to: "[...samples];",
    ...effects,
  },
  {
    what: "what moved the network is added to the lead of a class",
    file: "lib/replay/sample_plan.ts",
    from: "margin(float32.results![index]!, options) - base.moved;",
    to: "margin(float32.results![index]!, options) + base.moved;",
    ...effects,
  },
  {
    what: "two layers' interaction holds the effect of one of them",
    file: "lib/strategy/ablate/pair_of.ts",
    from: "interaction: both - one - other,",
    to: "interaction: both - one + other,",
    tests: "tests/strategy/ablate",
  },
  {
    what: "the closest output stands for all",
    file: "lib/replay/output_errors.ts",
    from: "sqnrOf(b) < sqnrOf(a) ? b : a",
    to: "sqnrOf(b) > sqnrOf(a) ? b : a",
    tests: "tests/replay/output_errors_test.ts",
  },
  {
    what: "weights are int8 where activations alone are to be",
    file: "lib/replay/activations_only.ts",
    from: "float32.graph.initializer.filter(({ name }) => !constants.has(name));",
    to: "float32.graph.initializer;",
    tests: "tests/replay/activations_only_test.ts",
  },
  {
    what: "only observers that are not worth it are tried",
    file: "lib/calibrate/worth_trying.ts",
    from: "quantizationError(statistics, range).total <= most",
    to: "quantizationError(statistics, range).total > most",
    tests: "tests/calibrate/worth_trying_test.ts",
  },
];
