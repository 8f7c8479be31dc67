import os from "node:os";
import { ortVersion } from "./ort_version.ts";

/** Versions of Deno and onnxruntime-web: see `runtimeVersions()`. */
export function denoVersions(): Record<string, string> {
  return { deno: Deno.version.deno, v8: Deno.version.v8, "onnxruntime-web": ortVersion() };
}

/** The machine and these versions in one line: see `machineFingerprint()`. */
export function denoMachine(): string {
  const { deno, v8, "onnxruntime-web": ort } = denoVersions();
  const processors = os.cpus();
  const cores = `${processors.length} ${processors.length === 1 ? "core" : "cores"}`;
  return [
    `${processors[0]?.model.trim() || "unknown processor"}, ${cores}`,
    `${Deno.build.os} ${Deno.build.arch}`,
    `Deno ${deno}, V8 ${v8}`,
    `onnxruntime-web ${ort}`,
  ].join("; ");
}
