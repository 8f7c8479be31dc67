import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Canary, selfTest, type SelfTestResult } from "../ship/self_test.js";
import type { Feeds } from "../tensor/tensor.ts";

/** Options for {@linkcode testInRuntime}. */
export interface TestInRuntimeOptions {
  /** What computes the outputs. */
  readonly runtime: Runtime;
  /** The model's file, as pages get it. */
  readonly file: Uint8Array;
}

/** Holds a model against a canary as a page does, in a runtime of Octavo's. */
export async function testInRuntime(
  model: Model,
  canary: Canary,
  { runtime, file }: TestInRuntimeOptions,
): Promise<SelfTestResult> {
  const { inputs, outputs } = valueTypes(model.graph);
  const { release } = await runtime.environment();
  const session = {
    inputNames: inputs.map(({ name }) => name),
    outputNames: outputs.map(({ name }) => name),
    async run(feeds: object) {
      const [results] = await Array.fromAsync(runtime.run(model, [feeds as Feeds]));
      return results!;
    },
  };
  const ort = { env: { versions: { web: release.replace(/ from .*$/, "") } } };
  return await selfTest(session, canary, { ort, model: file });
}
