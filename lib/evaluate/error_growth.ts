import type { Dataset } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { runDataset } from "../runtime/run_dataset.ts";
import { elementCount, type Tensor } from "../tensor/tensor.ts";
import { addSums, comparable, noSums, sameShape, sqnrOf, type Sums } from "./closeness.ts";

/**
 * The error of one time step, over all sequences that get that far.
 * @category Measuring (advanced)
 */
export interface StepError {
  /** From 0. */
  readonly step: number;
  /** Number of sequences. */
  readonly sequences: number;
  /** SQNR in dB where the candidate is fed its own state, and so its own errors. */
  readonly carried: number;
  /** SQNR in dB where it is fed the float32 network's state: the error of this step alone. */
  readonly single: number;
}

/**
 * Options for {@linkcode errorGrowth}.
 * @category Measuring (advanced)
 */
export interface ErrorGrowthOptions {
  /** Outputs to compare; of several the worst counts. @default {all float outputs} */
  outputs?: readonly string[];
  /** Workers to run on. @default {a runtime of its own, closed at the end} */
  runtime?: Runtime;
  /** Ends the work early: the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * How the error of a network with a state grows from step to step. A step's error is small; whether
 * the network forgets it or carries it on decides if it can be used.
 *
 * @param dataset A stream, see `stateful()`.
 * @returns One entry per step of the longest sequence.
 * @throws {UserError} If the data set is no stream, or an output is not to be compared.
 * @example
 * ```ts
 * import { arrays, float32Tensor, stateful } from "octavo";
 * import { errorGrowth, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const network = (half: number) =>
 *   parseModel(`
 *     input x float32[1, 1]
 *     input h float32[1, 1]
 *     output h_out float32[1, 1]
 *     tensor half float32[] = [${half}]
 *     s = Add(x, h); h_out = Mul(s, half)`);
 * const x = float32Tensor([3, 1], [1, 1, 1]);
 * const h = float32Tensor([3, 1], [0, 0, 0]);
 * const steps = stateful(arrays({ x, h }), { state: { h_out: "h" }, lengths: [3] });
 * const errors = await errorGrowth(network(0.5), network(0.51), steps);
 * assert.equal(errors.length, 3);
 * assert.ok(errors[2]!.carried < errors[2]!.single); // what is carried on adds up
 * ```
 * @category Measuring (advanced)
 */
export async function errorGrowth(
  float32: Model,
  candidate: Model,
  dataset: Dataset,
  options: ErrorGrowthOptions = {},
): Promise<StepError[]> {
  const { stream } = dataset;
  if (!stream) {
    throw new UserError(
      `Cannot follow the error over the steps of ${dataset.name}: its samples are not sequences; ` +
        `make sequences with stateful(), or compare along an axis of the outputs with sqnrAlong()`,
    );
  }
  const { signal } = options;
  const runtime = options.runtime ?? openRuntime({ workers: 1 });
  const stop = signal && { signal };
  const steps: { carried: Map<string, Sums>; single: Map<string, Sums>; sequences: number }[] = [];
  const lengths = stream.lengths.values();
  let step = 0;
  let left = lengths.next().value ?? 0;
  const own = runDataset(runtime, candidate, dataset, stop);
  try {
    for await (const { feeds, results } of runDataset(runtime, float32, dataset, stop)) {
      if (left === 0) [step, left] = [0, lengths.next().value!];
      const at = steps[step] ??= { carried: new Map(), single: new Map(), sequences: 0 };
      const names = options.outputs ?? comparable(results);
      const carried = (await own.next()).value!.results;
      addTo(at.carried, names, results, carried);
      for await (const single of runDataset(runtime, candidate, [feeds], stop)) {
        addTo(at.single, names, results, single.results);
      }
      at.sequences++;
      step++;
      left--;
    }
  } finally {
    await own.return();
    if (!options.runtime) runtime.close();
  }
  return steps.map(({ carried, single, sequences }, step) => ({
    step,
    sequences,
    carried: worst(carried),
    single: worst(single),
  }));
}

/**
 * SQNR in dB at each index along an axis of a tensor, such as the time axis of a recurrent layer's
 * output: how the error grows within one run.
 *
 * @param reference What float32 gave.
 * @param candidate What another network gave; of the same shape.
 * @param axis Negative counts from the end.
 * @throws {RangeError} If the shapes differ, or there is no such axis.
 * @example The second of two steps is off by a tenth
 * ```ts
 * import { float32Tensor } from "octavo";
 * import { sqnrAlong } from "octavo/advanced";
 * import { assertAlmostEquals } from "@std/assert";
 * const [first, second] = sqnrAlong(float32Tensor([2, 1], [1, 1]), float32Tensor([2, 1], [1, 1.1]), 0);
 * assertAlmostEquals(second!, 20, 1e-4);
 * assertAlmostEquals(first!, 150); // equal
 * ```
 * @category Measuring (advanced)
 */
export function sqnrAlong(reference: Tensor, candidate: Tensor, axis: number): number[] {
  const { dims } = reference;
  const at = axis < 0 ? axis + dims.length : axis;
  if (!sameShape(reference, candidate) || dims[at] === undefined) {
    throw new RangeError(
      `Cannot compare along axis ${axis}: the shapes are [${dims.join(", ")}] and ` +
        `[${candidate.dims.join(", ")}]`,
    );
  }
  const run = elementCount(dims.slice(at + 1));
  const [xs, ys] = [reference.data, candidate.data] as [Float32Array, Float32Array];
  return Array.from({ length: dims[at] }, (_, index) => {
    const isHere = (_: number, i: number) => Math.floor(i / run) % dims[at]! === index;
    const sums = noSums();
    const part = (values: Float32Array): Tensor => {
      const data = values.filter(isHere);
      return { type: "float32", dims: [data.length], data };
    };
    addSums(sums, part(xs), part(ys));
    return sqnrOf(sums);
  });
}

function addTo(
  sums: Map<string, Sums>,
  names: readonly string[],
  reference: Readonly<Record<string, Tensor>>,
  candidate: Readonly<Record<string, Tensor>>,
): void {
  for (const name of names) {
    const [theirs, ours] = [reference[name], candidate[name]];
    if (!theirs || !ours || !sameShape(theirs, ours)) {
      throw new UserError(
        `Cannot compare output "${name}": ${
          theirs && ours ? "its shapes differ" : "there is no such output"
        }; name others with \`outputs\``,
      );
    }
    const known = sums.get(name) ?? noSums();
    addSums(known, theirs, ours);
    sums.set(name, known);
  }
}

function worst(sums: ReadonlyMap<string, Sums>): number {
  return Math.min(...[...sums.values()].map(sqnrOf));
}
