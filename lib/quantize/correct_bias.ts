import type { Calibration } from "../calibrate/calibration.ts";
import type { CalibrateOptions } from "../calibrate/calibrate.ts";
import { type Dataset, slice } from "../data/dataset.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/model.ts";
import { raiseOpset } from "../onnx/opset.ts";
import { dimsOf, readTensorProto } from "../onnx/tensor_proto.ts";
import { CorrectedModel, nodeKey } from "../passes/corrected_model.ts";
import { biasName, Parameters } from "../passes/parameters.ts";
import { rootContext } from "../passes/pass.ts";
import { runDataset } from "../runtime/run_dataset.ts";
import { withRuntime } from "../runtime/own_runtime.ts";
import { type Feeds, float32 } from "../tensor/tensor.ts";
import { convert } from "./convert.ts";
import { decide } from "./decide.ts";
import type { GraphFacts } from "./graph_facts.ts";
import type { QConfigMapping } from "./mapping.ts";
import { nameNodes } from "../onnx/name_nodes.ts";
import { shadow, type ShadowedNode } from "./shadow.ts";
import { biasOf, type StaticUnit } from "./static_units.ts";
import { channelAxes } from "./weight_axes.ts";

/**
 * Options for {@linkcode correctBias}.
 * @category Passes (advanced)
 */
export interface CorrectBiasOptions extends CalibrateOptions {
  /**
   * The network whose means int8 is to keep, if not `model` itself: that from before its weights were
   * rounded, say. @default {model}
   */
  float32?: Model;
}

/**
 * Takes from the bias of each static Conv, Gemm and MatMul what int8 adds to its results on average:
 * rounding weights moves the mean of an output channel by the sum of their errors times the mean of the
 * inputs, and clipping moves it too. The biases are those of the float32 model, so that `convert()`
 * with the same calibration makes int8 with the right means of it.
 *
 * One pass over the samples for all nodes: each int8 node runs beside its original on float32's inputs,
 * quantized, and so shows the error that is its own. What could be chance is left
 * out: with m the mean error over n samples and e its standard error, m (1 - e² / m²) is taken
 * (James and Stein, positive part), nothing if e > m.
 *
 * Conv and Gemm without a bias get one, which their int8 kernels add at no cost; a MatMul without is
 * left alone.
 *
 * @param model Float32, as for `convert()`.
 * @param calibration What `calibrate()` saw of `model`, or of `options.float32`.
 * @param data Samples to take the means of; those of calibration will do.
 * @returns A float32 model to convert; `model` itself if nothing in it is static, or no mean is off.
 * @throws {UserError} As `convert()` does, and if a sample does not fit.
 * @see {@link https://arxiv.org/abs/1906.04721 | Nagel et al. 2019}, section 4.2
 * @see {@link https://arxiv.org/abs/1906.03193 | Finkelstein et al. 2019}
 * @example
 * ```ts
 * import { arrays, calibrate, float32Tensor, prepare, qconfigMapping, staticInt8 } from "octavo";
 * import { correctBias, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel(`
 *   input x float32[N, 2]
 *   output y float32[N, 1]
 *   tensor w float32[2, 1] = [0.333, 1.0]
 *   y = Gemm(x, w)`);
 * const mapping = qconfigMapping({ default: staticInt8() });
 * const data = arrays({ x: float32Tensor([3, 2], [100, 1, 101, 2, 99, 3]) });
 * const calibration = await calibrate(prepare(model, mapping), data);
 * const corrected = await correctBias(model, mapping, calibration, data);
 * assert.equal(corrected.graph.node[0]!.input.length, 3); // it has a bias now
 * ```
 * @category Passes (advanced)
 */
export async function correctBias(
  model: Model,
  mapping: QConfigMapping,
  calibration: Calibration,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: CorrectBiasOptions = {},
): Promise<Model> {
  const int8 = convert(named(model), mapping, calibration);
  const frame = named(raiseOpset(model, int8.opset));
  const { units, facts } = decide(frame.graph, mapping);
  const biased = [...units.values()].flatMap((unit) => biasedUnit(unit, facts) ?? []);
  if (biased.length === 0) return model;
  const reference = named(raiseOpset(options.float32 ?? model, int8.opset));
  const errors = await meanErrors(shadow(reference, int8, biased), data, options);

  const context = rootContext(frame.graph);
  const parameters = new Parameters(frame.graph, context);
  const notes = new Map<string, string>();
  const nodes = frame.graph.node.map((node) => {
    const unit = biased.find(({ name }) => name === node.name);
    const mean = errors.get(node.name);
    if (!unit || !mean?.some((error) => error !== 0)) return node;
    const { bias, channels, input } = unit;
    const old = bias ? readTensorProto(facts.floatConstant(bias)!).data as Float32Array : undefined;
    const corrected = float32(
      [channels],
      Float32Array.from(mean, (error, c) => (old?.[old.length === 1 ? 0 : c] ?? 0) - error),
    );
    const name = bias
      ? parameters.replace(bias, corrected, node)
      : parameters.add(biasName(node.input[1]!), corrected);
    notes.set(nodeKey(node), bias ? "bias corrected" : "bias added, to correct the mean");
    const inputs = [...node.input];
    inputs[input] = name;
    return { ...node, input: inputs };
  });
  if (notes.size === 0) return model;
  return new CorrectedModel(frameOf(model, frame), parameters.apply(nodes), notes);
}

/** The node of a unit that adds the bias. */
interface BiasedUnit extends ShadowedNode {
  /** Name of the bias; undefined if there is none yet. */
  readonly bias: string | undefined;
  /** Input of the node that the bias is. */
  readonly input: number;
}

/** Where the bias of a unit is or could be; undefined if it has no weights or no room for one. */
function biasedUnit(unit: StaticUnit, facts: GraphFacts): BiasedUnit | undefined {
  const { anchor, operator, nodes } = unit;
  const weights = facts.floatConstant(anchor.input[1]);
  if (operator.role !== "compute" || !weights) return undefined;
  const dims = dimsOf(weights);
  const channels = dims[channelAxes(anchor, 1, dims)[0]!]!;
  const bias = biasOf(unit);
  if (anchor.opType !== "MatMul") {
    const rank = anchor.opType === "Conv" ? dims.length : 2;
    return { name: anchor.name, channels, rank, bias, input: 2 };
  }
  const add = nodes.find(({ opType }) => opType === "Add");
  return add && bias
    ? { name: add.name, channels, bias, input: add.input.indexOf(bias) }
    : undefined;
}

/** The mean error of each channel of each node, without what could be chance. */
async function meanErrors(
  { model, outputs }: ReturnType<typeof shadow>,
  data: Dataset | Iterable<Feeds> | AsyncIterable<Feeds>,
  options: CalibrateOptions,
): Promise<Map<string, Float64Array>> {
  const { maxSamples = Infinity, runtime, signal, onProgress } = options;
  if (outputs.size === 0) return new Map();
  const sums = new Map<string, { sum: Float64Array; squares: Float64Array }>();
  let samples = 0;
  const taken = "sample" in data ? slice(data, 0, maxSamples) : data;
  const wanted = { outputs: [...outputs.values()], signal };
  await withRuntime(runtime, { workers: 0 }, async (runtime) => {
    for await (const { results } of runDataset(runtime, model, taken, wanted)) {
      for (const [name, output] of outputs) {
        const means = results[output]!.data as Float32Array;
        const { sum, squares } = sums.get(name) ??
          { sum: new Float64Array(means.length), squares: new Float64Array(means.length) };
        means.forEach((mean, c) => {
          sum[c]! += mean;
          squares[c]! += mean * mean;
        });
        sums.set(name, { sum, squares });
      }
      samples++;
      onProgress?.(samples);
      if (samples >= maxSamples) break;
    }
  });
  if (samples === 0) {
    throw new UserError(
      `Cannot correct the biases of ${model.name}: there are no samples (left); pass at least one, ` +
        `and not a generator that calibration has read already: an array or a data set`,
    );
  }
  return new Map(
    [...sums].map(([name, { sum, squares }]) => [
      name,
      sum.map((total, c) => beyondChance(total, squares[c]!, samples)),
    ]),
  );
}

/** A mean, shrunk by the share of its square that is its own standard error's. */
function beyondChance(sum: number, squares: number, n: number): number {
  const mean = sum / n;
  if (!Number.isFinite(mean) || mean === 0) return 0;
  if (n === 1) return mean;
  const error = Math.max(0, squares / n - mean * mean) / (n - 1); // squared
  return mean * Math.max(0, 1 - error / (mean * mean));
}

function named(model: Model): Model {
  return model.withGraph(nameNodes(model.graph));
}

/** `frame` with the notes that `model` has. */
function frameOf(model: Model, frame: Model): Model {
  return model instanceof CorrectedModel
    ? new CorrectedModel(frame, frame.graph, model.notes)
    : frame;
}
