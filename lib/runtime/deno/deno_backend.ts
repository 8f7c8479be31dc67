import { UserError } from "../../errors.ts";
import { BINARIES } from "../../record/binary.ts";
import type { RuntimeBackend } from "../runtime.ts";
import { denoEnvironment } from "./deno_environment.ts";
import { requireModule } from "./ort_module.ts";
import { openOrtSession } from "./ort_session.ts";
import { clockOf } from "./thread_clock.ts";
import { ThreadRuntime } from "./thread_runtime.ts";
import { WorkerRuntime } from "./worker_runtime.ts";

/** onnxruntime-web's WASM build in Deno: in workers, or in this thread. */
export const denoBackend: RuntimeBackend = {
  openRuntime({ workers, threads, timeoutMs = 120_000, ort, binary }) {
    const fewest = { workers: 0, threads: 1, timeoutMs: 1 };
    const given = { workers: workers ?? 1, threads: threads ?? 1, timeoutMs };
    for (const name of ["workers", "threads", "timeoutMs"] as const) {
      const [value, least] = [given[name], fewest[name]];
      if (value >= least && (Number.isInteger(value) || name === "timeoutMs")) continue;
      throw new UserError(`Cannot make a runtime: ${name} must be ${least} or more, got ${value}`);
    }
    if (workers === 0 && ort !== undefined) {
      throw new UserError(
        `Cannot make a runtime of ${ort} without workers: in this thread models run in Octavo's own ` +
          `onnxruntime-web; give workers: 1 or more`,
      );
    }
    if (binary !== undefined && !BINARIES.includes(binary)) {
      throw new UserError(
        `Cannot make a runtime: onnxruntime-web has no binary "${binary}"; it has ${
          BINARIES.join(", ")
        }`,
      );
    }
    if (workers === 0 && binary !== undefined && binary !== "plain") {
      throw new UserError(
        `Cannot make a runtime of the ${binary} binary without workers: in this thread models run in ` +
          `the plain one; give workers: 1 or more`,
      );
    }
    const module = ort === undefined ? undefined : requireModule(ort);
    if (workers === 0) return new ThreadRuntime({ threads });
    const { threads: each } = given;
    return new WorkerRuntime({
      workers: workers ?? defaultWorkers(each),
      threads: each,
      timeoutMs,
      ...(module !== undefined && { ort: module }),
      ...(binary !== undefined && { binary }),
    });
  },
  openSession: openOrtSession,
  environment: () => denoEnvironment(),
  clock: () => clockOf(1),
  load: () => ({ average: Deno.loadavg()[0] ?? 0, cores: navigator.hardwareConcurrency }),
};

function defaultWorkers(threads: number): number {
  return Math.max(1, Math.min(8, Math.floor(navigator.hardwareConcurrency / threads)));
}
