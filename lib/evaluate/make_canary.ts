import type { Dataset } from "../data/dataset.ts";
import { sizeOf } from "../data/first_samples.ts";
import { noise } from "../data/noise.ts";
import { bytesOf } from "../data/shared.ts";
import { UserError } from "../errors.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { RuntimeName } from "../record/runtime_name.ts";
import type { Runtime } from "../runtime/runtime.ts";
import {
  type Canary,
  CANARY_FORM,
  type CanaryInput,
  canaryOutput,
  type CanarySample,
  checkOf,
  inputData,
  sha256Hex,
} from "../ship/self_test.js";
import { isFloat } from "./classes.ts";
import type { Feeds, Tensor, ValueType } from "../tensor/tensor.ts";

/** Most samples that a canary holds: each is run once. */
const MOST_SAMPLES = 4;

/** Most bytes of all inputs that a canary holds as they are: 32 KiB in base64. */
const MOST_BYTES = 24 * 1024;

/**
 * Outputs that differ by less are called close, dB of signal over noise. The same kernels in another order, or
 * on a GPU, come to 100 dB and more in float32, and to some 40 where an int8 value is rounded the other way;
 * another network comes to 0, and the same one trained once more to little more.
 */
const CLOSE_DB = 30;

/**
 * Between what the floats of each sample lie that is made up. Some networks take no negative number, and of others
 * many channels are silent without; large ones reach weights whose part is rounded away of small ones.
 */
const MADE_UP_RANGES = [[0, 1], [-1, 1], [-2, 2], [-4, 4]] as const;

/** Types that pages have no arrays for. */
const WITHOUT_ARRAY = ["string", "bfloat16"];

/**
 * Options for {@linkcode makeCanary}.
 * @category Measuring (advanced)
 */
export interface MakeCanaryOptions {
  /** What the outputs are computed by. */
  readonly runtime: Runtime;
  /** The first four are held, or fewer where they are large. @default {made up, see `inputs`} */
  readonly samples?: Dataset;
  /** Types and shapes of what is made up, where there are no samples. @default {as the model says} */
  readonly inputs?: readonly ValueType[];
  /**
   * The model's file, as pages get it. Its hash is no part of the canary where the model's weights are in a file
   * beside it. @default {the model's bytes}
   */
  readonly file?: Uint8Array;
  /** In what the model was measured. @default {the runtime} */
  readonly measuredIn?: { readonly threads: number; readonly runtime?: RuntimeName };
}

/**
 * Runs a model on a few samples and notes what pages need to see that they compute the same. Samples are held
 * as they are, as far as they fit into 24 KiB; without any, floats and pictures of bytes are made from a seed.
 *
 * Samples of which it makes NaN are left out.
 *
 * @throws {UserError} If a sample is too large, or has a type that pages do not have; if outputs hold NaN for
 * every sample, or are the same whatever the samples are.
 * @example
 * ```ts
 * import { openRuntime } from "octavo";
 * import { makeCanary, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel("input x float32[N, 2]; output y float32[N, 2]; y = Relu(x)");
 * await using runtime = openRuntime({ workers: 0 });
 * const canary = await makeCanary(model, { runtime });
 * assert.equal(canary.samples.length, 4); // JSON.stringify(canary) is what a page needs for selfTest()
 * ```
 * @category Measuring (advanced)
 */
export async function makeCanary(model: Model, options: MakeCanaryOptions): Promise<Canary> {
  const whole = model.source ?? model.bytes();
  const { runtime, samples, file = whole } = options;
  const outputs = readable(model);
  const all = samples
    ? await held(model, samples)
    : madeUp(model, noise(options.inputs ?? valueTypes(model.graph).inputs, model.name));
  const feeds = all.map((sample) => feedsOf(sample));
  const results = await Array.fromAsync(runtime.run(model, feeds, { outputs }));
  const tested = all.map((inputs, index) => ({ inputs, results: results[index]! }))
    .filter(({ results }) => !Object.values(results).some(hasNaN))
    .map(({ inputs, results }) => ({ inputs, outputs: mapValues(results, canaryOutput) }));
  requireAlert(model, tested);
  const { threads } = options.measuredIn ?? runtime.about;
  const { engine, release, binary = "unknown" } = options.measuredIn?.runtime ??
    await runtime.environment();
  const content = {
    canary: CANARY_FORM,
    model: {
      ...{ name: model.name, bytes: file.length },
      ...file.length === whole.length && { sha256: sha256Hex(file) },
    },
    runtime: {
      release: release.replace(/ from .*$/, ""),
      ...{ binary, engine, threads },
    },
    limits: { closeDb: CLOSE_DB },
    samples: tested,
  };
  return { ...content, check: checkOf(content) };
}

/** Whether a canary holds a sample of this size as it is. */
export function fitsCanary(feeds: Feeds): boolean {
  return sizeOf(Object.values(feeds)) <= MOST_BYTES;
}

/** What a sample is to be made of. */
type Inputs = Readonly<Record<string, CanaryInput>>;

/** Names of the outputs that pages can hash. */
function readable({ name: model, graph }: Model): string[] {
  const { inputs, outputs } = valueTypes(graph);
  const isOther = ({ type }: ValueType) => WITHOUT_ARRAY.includes(type);
  const other = inputs.find(isOther) ?? (outputs.every(isOther) ? outputs[0] : undefined);
  if (other) {
    throw new UserError(
      `Cannot make a canary of ${model}: its "${other.name}" is ${other.type}, which pages have no numbers for`,
    );
  }
  return outputs.filter((output) => !isOther(output)).map(({ name }) => name);
}

/** The first samples, as many as fit. */
async function held(model: Model, samples: Dataset): Promise<Inputs[]> {
  const all: Inputs[] = [];
  let bytes = 0;
  for (let index = 0; index < Math.min(MOST_SAMPLES, samples.length); index++) {
    const feeds = await samples.sample(index);
    bytes += sizeOf(Object.values(feeds));
    if (bytes > MOST_BYTES) break;
    all.push(mapValues(feeds, (tensor) => ({
      ...{ type: tensor.type, dims: [...tensor.dims] },
      base64: bytesOf(tensor).slice().toBase64(),
    })));
  }
  if (all.length > 0) return all;
  throw new UserError(
    samples.length === 0
      ? `Cannot make a canary of ${model.name}: ${samples.name} holds no sample`
      : `Cannot make a canary of ${model.name}: a sample of ${samples.name} takes ${bytes} bytes, and a canary ` +
        `holds ${MOST_BYTES}; leave the samples out, and inputs are made from a seed`,
  );
}

/** Inputs of the shapes of others, from seeds that all differ. */
function madeUp(model: Model, shapes: Feeds): Inputs[] {
  const isVaried = ({ type }: Tensor) => isFloat(type) || type === "uint8";
  if (!Object.values(shapes).some(isVaried)) {
    throw new UserError(
      `Cannot make up inputs for a canary of ${model.name}: integers may be indices, so all would be zeros; ` +
        "give samples (--data samples.npz)",
    );
  }
  const names = Object.keys(shapes);
  return MADE_UP_RANGES.map(([low, high], index) =>
    mapValues(shapes, ({ type, dims }, name) => ({
      ...{ type, dims: [...dims] },
      seed: index * names.length + names.indexOf(name) + 1,
      ...isFloat(type) && { low, high },
    }))
  );
}

function feedsOf(inputs: Inputs): Feeds {
  return mapValues(
    inputs,
    (input) => ({ type: input.type, dims: input.dims, data: inputData(input) }) as Tensor,
  );
}

/** The bits of NaN differ between processors. */
function hasNaN({ data }: Tensor): boolean {
  return data.some((value) => Number.isNaN(value));
}

/** Refuses outputs that are no numbers, or that no input changes: another model may give them too. */
function requireAlert({ name }: Model, samples: readonly CanarySample[]): void {
  if (samples.length === 0) {
    throw new UserError(
      `Cannot make a canary of ${name}: it makes NaN of every sample; give samples of which it makes numbers ` +
        "(--data samples.npz)",
    );
  }
  const kinds = (part: "inputs" | "outputs") =>
    new Set(samples.map((sample) => JSON.stringify(sample[part]))).size;
  if (kinds("inputs") === 1 || kinds("outputs") > 1) return;
  throw new UserError(
    `Cannot make a canary of ${name}: it gives the same for all ${samples.length} samples, so another model might ` +
      "too; give samples to which it answers differently (--data samples.npz)",
  );
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  make: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, make(value, name)]),
  );
}
