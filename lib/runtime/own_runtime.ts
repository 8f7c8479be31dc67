import { UserError } from "../errors.ts";
import type { Runtime, RuntimeOptions } from "./runtime.ts";

/**
 * Opens a runtime for a function that was given none. Loaded when it is asked for: rewriting graphs
 * takes no runtime, and in Node and in pages there is none of Octavo's.
 *
 * @throws {UserError} Outside of Deno.
 */
export async function ownRuntime(options: RuntimeOptions): Promise<Runtime> {
  if (typeof Deno === "undefined") {
    throw new UserError(
      "Cannot run the network here: Octavo's own runtime needs Deno; give one as { runtime }, or " +
        "calibrate in Deno and carry the result over (calibrationToJson, calibrationFromJson)",
    );
  }
  const { openRuntime } = await import("./open_runtime.ts");
  return openRuntime(options);
}
