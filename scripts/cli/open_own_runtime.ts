import { unverifiedRuntime } from "../../lib/record/verified_runtime.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime, RuntimeOptions } from "../../lib/runtime/runtime.ts";

/** Makes a runtime for a command, and says so where it is another onnxruntime-web than Octavo was verified with. */
export async function openOwnRuntime(
  options: RuntimeOptions,
  say: (line: string) => void,
): Promise<Runtime> {
  const runtime = openRuntime(options);
  const note = unverifiedRuntime((await runtime.environment()).versions);
  if (note !== undefined) say(note);
  return runtime;
}
