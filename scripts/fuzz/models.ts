import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { UserError } from "../../lib/errors.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { decodeModel, type Model } from "../../lib/onnx/model.ts";
import { summarizeModel } from "../../lib/onnx/summary.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { lowerForWasm } from "../../lib/passes/lower_for_wasm.ts";
import { convert } from "../../lib/quantize/convert.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { defaultQConfigMapping } from "../../lib/quantize/presets.ts";
import { quantizeDynamic } from "../../lib/quantize/quantize_dynamic.ts";
import { learnShapes } from "../../lib/runtime/learn_shapes.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { elementCount, type Feeds, numericArrays, type Tensor } from "../../lib/tensor/tensor.ts";
import { mutateModel } from "./mutate_model.ts";
import { seedModels } from "./seed_models.ts";
import type { Outside, Target } from "./target.ts";

/** Elements of an input above which a mutant is not run: what is tried is reading, not arithmetic. */
const MOST_ELEMENTS = 2 ** 16;

/** Networks: read, described, rewritten, made int8 without and with a sample. */
export const models: Target = {
  name: "models",
  seeds: () => Promise.resolve(seedModels()),
  mutate: mutateModel,
  async read(bytes, outside) {
    const model = decodeModel(Uint8Array.from(bytes), "mutant.onnx");
    await summarizeModel(model);
    const runtime = guarded(outside);
    const done = [
      await attempt(() => quantizeDynamic(model, undefined, { runtime })),
      await attempt(() => withSample(model, runtime)),
    ];
    for (const error of done) if (error) throw error;
  },
};

/** What a sentence ended; all else is thrown on. */
async function attempt(task: () => Promise<unknown>): Promise<UserError | undefined> {
  try {
    await task();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

async function withSample(model: Model, runtime: Runtime): Promise<void> {
  const feeds = someFeeds(model);
  const fused = fuse(model);
  const mapping = defaultQConfigMapping();
  const watched = prepare(fused, mapping);
  const ranges = watched.tensors.length > 0
    ? await calibrate(watched, [feeds], { runtime })
    : undefined;
  const int8 = convert(fused, mapping, ranges);
  for await (const _ of runtime.run(int8, [feeds]));
  lowerForWasm(fused, await learnShapes(fused, feeds, { runtime }));
}

/** Zeros and ones of the shapes that a network states, 2 where it leaves a dimension open. */
function someFeeds({ graph }: Model): Feeds {
  return Object.fromEntries(
    valueTypes(graph).inputs.map(({ name, type, dims = [] }) => {
      const shape = dims.map((dim) => typeof dim === "number" ? dim : 2);
      const count = elementCount(shape);
      if (type === "string" || !(count >= 0 && count <= MOST_ELEMENTS) || Math.min(...shape) < 0) {
        throw new UserError(`Cannot make up the input "${name}": ${type} [${shape}]`);
      }
      const data = new numericArrays[type](count);
      return [name, { type, dims: shape, data } as Tensor];
    }),
  );
}

/** A runtime in this thread that says when onnxruntime is at work. */
function guarded(outside: Outside): Runtime {
  return {
    about: { workers: 0, threads: 1 },
    environment: () => Promise.resolve({ engine: "", release: "", versions: {}, machine: "" }),
    async *run(model, samples, { outputs, optimization } = {}) {
      const session = await outside("onnxruntime", () => openSession(model, { optimization }));
      try {
        for await (const feeds of samples) {
          yield await outside("onnxruntime", () => session.run(feeds, outputs));
        }
      } finally {
        await session.release();
      }
    },
    times: () => Promise.reject(new Error("no times here")),
    optimized: () => Promise.resolve(undefined),
    profile: () => Promise.resolve(undefined),
    close() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
