import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { ValueType } from "../tensor/tensor.ts";
import { arrays } from "./arrays.ts";
import type { Dataset } from "./dataset.ts";
import { idleInputs, withIdleInputs } from "./idle_inputs.ts";
import { listedArrays } from "./listed_arrays.ts";
import { readNpz } from "./npz.ts";
import { inputText } from "./shapes.ts";
import { trimPadding } from "./trim_padding.ts";

/**
 * Reads a data set from an `.npz` file: one array per input of the network, named like it, first
 * axis = samples, and optionally `labels`, the class of each sample or of each position, -1 for none. How
 * arrays become inputs, and what is refused, is told at {@linkcode arrays}. In Python:
 *
 * ```py
 * np.savez("clips.npz", **{"input.1": pictures, "labels": classes})
 * ```
 *
 * Samples that differ in length have an array each, counted from 0:
 *
 * ```py
 * np.savez("texts.npz", **{f"input_ids/{i}": ids for i, ids in enumerate(texts)})
 * ```
 *
 * Or they are padded, with a mask (`attention_mask`): padding is cut off where the network takes any length, and
 * counts in no metric where it does not.
 *
 * A file of `np.save` holds one array, the only input's.
 *
 * An input that no node reads needs no array, nor do texts that are only passed on to an output. A
 * network that computes on texts is refused: an `.npz` file cannot feed it.
 *
 * @param network The model, or its inputs in any order, all of which are then read.
 * @param states Names of those that the file need not hold: states, which begin with zeros.
 * @example For a model, and in the three parts that a study takes
 * ```ts
 * import { float32Tensor, npzDataset, splitDataset, writeNpz } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel("input x float32[N, 2]; output y float32[N, 2]; y = Relu(x)");
 * const path = await Deno.makeTempFile({ suffix: ".npz" });
 * await writeNpz(path, { x: float32Tensor([10, 2], new Float32Array(20)) });
 * const data = splitDataset(await npzDataset(path, model));
 * assert.equal(data.calibration.length, 4);
 * await Deno.remove(path);
 * ```
 * @category Samples
 */
export async function npzDataset(
  path: string | URL,
  network: Model | readonly ValueType[],
  states: readonly string[] = [],
): Promise<Dataset> {
  const all = "graph" in network ? valueTypes(network.graph).inputs : network;
  const idle = "graph" in network ? idleInputs(network.graph) : [];
  const isIdle = (name: string) => idle.some((input) => input.name === name);
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const name = file.split(/[/\\]/).at(-1)!;
  requireNumbers(all.filter(({ name }) => !isIdle(name)), name);
  const held = await readNpz(path, { leave: idle.map(({ name }) => name) });
  const listed = listedArrays(held, all, name);
  const { labels, ...values } = held;
  const isHeld = (name: string) =>
    listed
      ? listed.samples.every((sample) => Object.hasOwn(sample, name))
      : Object.hasOwn(values, name);
  const inputs = all.filter(({ name }) =>
    !isIdle(name) && (isHeld(name) || !states.includes(name))
  );
  // A network with an input of that name takes the array; then there are no classes.
  const takesLabels = inputs.some((input) => input.name === "labels");
  const given = listed?.labels ?? (takesLabels ? undefined : labels);
  const options = { name, inputs, ...(given && { labels: given }) };
  const stacked = { ...values, ...(takesLabels && labels && { labels }) };
  const data = arrays(listed?.samples ?? stacked, options);
  return withIdleInputs(await trimPadding(data, inputs), idle);
}

/** Refuses a network that computes on texts, whatever the file holds. */
function requireNumbers(inputs: readonly ValueType[], name: string): void {
  const input = inputs.find(({ type }) => type === "string");
  if (!input) return;
  throw new UserError(
    `Cannot use ${name}: the network computes on texts, its input "${input.name}" ` +
      `(${
        inputText(input)
      }), and such a network cannot be run on .npz samples; quantize it without ` +
      `samples (--dynamic)`,
  );
}
