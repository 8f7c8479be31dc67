import { runtimeName } from "../record/runtime_name.ts";
import { machineLoad } from "../runtime/open_runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LatencyOptions } from "./latency.ts";

/** What times that a runtime has just measured belong to, for the record of them. */
export async function timingConditions(
  runtime: Pick<Runtime, "about" | "environment">,
): Promise<Required<Pick<LatencyOptions, "threads" | "machine" | "runtime" | "load">>> {
  const found = await runtime.environment();
  return {
    threads: runtime.about.threads,
    machine: found.machine,
    runtime: runtimeName(found),
    load: machineLoad(),
  };
}
