import { UserError } from "../errors.ts";
import type { Runtime, RuntimeOptions } from "./runtime.ts";

/**
 * Does something in the runtime that a function was given, or in one of its own, which is closed then.
 *
 * @param options Of its own.
 * @throws {UserError} Outside of Deno, if it was given none.
 */
export async function withRuntime<T>(
  given: Runtime | undefined,
  options: RuntimeOptions,
  use: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  if (given) return await use(given);
  const own = await openOwn(options);
  try { // no `using`, which Node 20 cannot read
    return await use(own);
  } finally {
    await own[Symbol.asyncDispose]();
  }
}

/**
 * Loaded when it is asked for: rewriting graphs takes no runtime, and in Node and in pages there is none
 * of Octavo's.
 */
async function openOwn(options: RuntimeOptions): Promise<Runtime> {
  if (typeof Deno === "undefined") {
    throw new UserError(
      "Cannot run the network here: Octavo's own runtime needs Deno; give one as { runtime }, or " +
        "calibrate in Deno and carry the result over (calibrationToJson, calibrationFromJson)",
    );
  }
  const { openRuntime } = await import("./open_runtime.ts");
  return openRuntime(options);
}
