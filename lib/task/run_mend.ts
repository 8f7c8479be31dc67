import type { Model } from "../onnx/model.ts";
import { openRuntime } from "../runtime/open_runtime.ts";
import type { Mended } from "./mended.ts";
import type { MendOptions } from "./mend_options.ts";

/**
 * Makes an int8 file that another tool wrote faster or smaller on onnxruntime-web's WASM kernels, without the
 * float32 network that it came from: layers go back to float32 operators where these are faster, with the
 * file's own integers as weights, and stay int8 where that is. Nothing is rounded that the file does not
 * round, so no samples are needed.
 *
 * All is decided by times, measured in turns here and now. What comes out is faster or smaller beyond doubt,
 * and as close to float32 as the file; where no form is, there is no model, and the notes say so.
 *
 * @throws {UserError} If the inputs leave their shapes open and none is given, or the runtime does not run
 * the file.
 * @example
 * ```ts
 * import { mend, parseModel } from "octavo/advanced";
 * import assert from "node:assert/strict";
 *
 * const file = parseModel(`
 *   input x float32[1, 2]
 *   output y float32[1, 1]
 *   tensor w int8[2, 1] = [64, -127]
 *   tensor scale float32[] = [0.01]
 *   float = DequantizeLinear(w, scale)
 *   y = MatMul(x, float)`);
 * const { candidates, model = file } = await mend(file, { cache: false, rounds: 3 });
 * assert.ok(candidates.length > 0 && model.graph.output[0]!.name === "y");
 * ```
 * @category Measuring (advanced)
 */
export async function mend(file: Model, options: MendOptions = {}): Promise<Mended> {
  const { runtime, threads = 1, ort, binary } = options;
  const { mendIn } = await import("./mend_work.ts");
  if (runtime) return await mendIn(runtime, file, options);
  await using own = openRuntime({ workers: 1, threads, ort, binary });
  return await mendIn(own, file, options);
}
