import { arrays } from "../../lib/data/arrays.ts";
import { splitDataset, type Splits } from "../../lib/data/split.ts";
import { Model } from "../../lib/onnx/model.ts";
import { VERIFIED_RUNTIME } from "../../lib/record/verified_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { openSession, runtimeVersions } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { staticInt8 } from "../../lib/quantize/qconfig.ts";
import { modelOf, quantized } from "../quantize/fixture.ts";
import { normal } from "../random.ts";

/** Side of the pictures that {@linkcode tinyModel} sorts into four classes. */
const SIDE = 12;

/** A network with two Conv and a Linear layer, in milliseconds. */
export function tinyModel(name = "tiny.onnx"): Model {
  const { proto } = modelOf(
    `graph tiny
    input x float32[N, 3, ${SIDE}, ${SIDE}]
    output logits float32[N, 4]
    c1 = Conv(x, w1, b1) {pads=[1, 1, 1, 1]} @ /front/conv1/Conv
    r1 = Relu(c1) @ /front/relu1/Relu
    c2 = Conv(r1, w2, b2) {pads=[1, 1, 1, 1]} @ /front/conv2/Conv
    r2 = Relu(c2) @ /front/relu2/Relu
    g = GlobalAveragePool(r2) @ /pool/GlobalAveragePool
    f = Flatten(g) @ /Flatten
    logits = Gemm(f, w3, b3) {transB=1} @ /head/Gemm`,
    { w1: [16, 3, 3, 3], b1: [16], w2: [16, 16, 3, 3], b2: [16], w3: [4, 16], b3: [4] },
  );
  return new Model(proto, { name });
}

/** {@linkcode tinyModel} as a file that is int8 already: its layers static, by QDQ. */
export async function tinyInt8File(): Promise<Model> {
  const model = tinyModel();
  const samples = [{ x: tinyArrays(8, 3).x }];
  const int8 = await quantized(model, qconfigMapping({ default: staticInt8() }), samples);
  return new Model(int8.proto, { name: "tiny.int8.onnx" });
}

/** Arrays of pictures for {@linkcode tinyModel}; the labels are chance. */
export function tinyArrays(count: number, seed = 1) {
  const x = float32([count, 3, SIDE, SIDE], normal(count * 3 * SIDE * SIDE, seed));
  const labels = Int32Array.from({ length: count }, (_, i) => i % 4);
  return { x, labels };
}

/** Pictures in three splits, labelled unless asked otherwise. */
export function tinyData(count = 60, options: { labelled?: boolean; seed?: number } = {}): Splits {
  const { labelled = true, seed = 1 } = options;
  const { x, labels } = tinyArrays(count, seed);
  return splitDataset(arrays({ x }, { name: "pictures", ...(labelled && { labels }) }));
}

/**
 * A runtime that runs models in this thread, and whose clock is made up: every test of what follows from
 * times knows them. What the runtime executes cannot be read back from it.
 *
 * @param msOf Milliseconds that a run of a model is to take.
 */
export function pacedRuntime(msOf: (model: Model) => number = () => 1, threads = 1): Runtime {
  return {
    about: { workers: 1, threads },
    environment: () =>
      Promise.resolve({
        ...{ engine: "Deno 2, V8 14", binary: "plain", release: VERIFIED_RUNTIME },
        ...{ versions: runtimeVersions(), machine: "a machine of its own" },
      }),
    async *run(model, samples, { outputs, signal, onProgress } = {}) {
      const session = await openSession(model);
      let done = 0;
      try {
        for await (const feeds of samples) {
          signal?.throwIfAborted();
          const results = await session.run(feeds, outputs);
          onProgress?.(++done);
          yield results;
        }
      } finally {
        await session.release();
      }
    },
    times(models, _samples, { rounds = 15 } = {}) {
      const ms = Array.from({ length: rounds }, () => models.map(msOf));
      return Promise.resolve({ ms, warmup: models.map(() => 0) });
    },
    optimized: () => Promise.resolve(undefined),
    profile: () => Promise.resolve(undefined),
    close() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
