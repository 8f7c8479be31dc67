import type { MachineLoad } from "../record/trial_record.ts";
import type { Model } from "../onnx/model.ts";
import type { Clock } from "./clock.ts";
import { denoBackend as backend } from "./deno/deno_backend.ts"; // another backend goes here
import type { Runtime, RuntimeOptions } from "./runtime.ts";
import type { Session, SessionOptions } from "./session.ts";

/**
 * Makes a runtime. Its workers are started when they are needed. Close it, or the process lives on.
 *
 * A worker that does not answer is stopped before the next node of its graph. One single node that
 * computes for minutes cannot be interrupted: its thread goes on until that node is done.
 *
 * @throws {UserError} If an option makes no sense.
 * @example A network that gives back what it is fed, run in this thread
 * ```ts
 * import { float32Tensor, openRuntime } from "octavo";
 * import { parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel("input x float32[N]; output y float32[N]; y = Identity(x)");
 *
 * await using runtime = openRuntime({ workers: 0 });
 * for await (const { y } of runtime.run(model, [{ x: float32Tensor([2], [3, 4]) }])) {
 *   assert.deepEqual(y, float32Tensor([2], [3, 4]));
 * }
 * ```
 * @category Measuring
 */
export function openRuntime(options: RuntimeOptions = {}): Runtime {
  return backend.openRuntime(options);
}

/**
 * Loads a model into the onnxruntime-web instance of this thread.
 *
 * @throws {RuntimeError} If the runtime refuses the model: not ONNX, an operator it does not have.
 * @example
 * ```ts
 * import { float32Tensor } from "octavo";
 * import { openSession, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const model = parseModel("input x float32[N]; output y float32[N]; y = Relu(x)");
 * const session = await openSession(model);
 * const { y } = await session.run({ x: float32Tensor([2], [-1, 1]) });
 * assert.deepEqual(y, float32Tensor([2], [0, 1]));
 * await session.release();
 * ```
 * @category Measuring (advanced)
 */
export async function openSession(
  model: Uint8Array | Model,
  options: SessionOptions = {},
): Promise<Session> {
  return await backend.openSession(model, options);
}

/**
 * Versions of everything that decides the bits of a result, and its time, with Octavo's own onnxruntime-web:
 * what {@linkcode Runtime.environment} tells of a runtime, without one.
 *
 * @example
 * ```ts
 * import { runtimeVersions } from "octavo/advanced";
 * import assert from "node:assert/strict";
 * assert.deepEqual(Object.keys(runtimeVersions()), ["deno", "v8", "onnxruntime-web"]);
 * ```
 * @category Measuring (advanced)
 */
export function runtimeVersions(): Readonly<Record<string, string>> {
  return backend.environment().versions;
}

/** What to time this thread with, as least disturbed by what else the machine does. */
export function threadClock(): Clock {
  return backend.clock();
}

/** How much the machine had to do in the last minute; a load of 0 where that is not told. */
export function machineLoad(): MachineLoad {
  return backend.load();
}
