import os from "node:os";
import { env } from "onnxruntime-web";

/**
 * Versions of everything that decides the bits of a result, and its time.
 *
 * @example
 * ```ts
 * import { runtimeVersions } from "./versions.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(Object.keys(runtimeVersions()), ["deno", "v8", "onnxruntime-web"]);
 * ```
 */
export function runtimeVersions(): Record<string, string> {
  return {
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    "onnxruntime-web": env.versions.web ?? env.versions.common,
  };
}

/**
 * The machine and the software that times are measured on, in one line. Times are comparable only
 * where it is equal, and even there only within one measurement.
 */
export function machineFingerprint(): string {
  const { deno, v8, "onnxruntime-web": ort } = runtimeVersions();
  const processors = os.cpus();
  const cores = `${processors.length} ${processors.length === 1 ? "core" : "cores"}`;
  return [
    `${processors[0]?.model.trim() || "unknown processor"}, ${cores}`,
    `${Deno.build.os} ${Deno.build.arch}`,
    `Deno ${deno}, V8 ${v8}`,
    `onnxruntime-web ${ort}`,
  ].join("; ");
}
