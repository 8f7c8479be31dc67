import os from "node:os";
import type { RuntimeEnvironment } from "../runtime.ts";
import { ortVersion } from "./ort_version.ts";

/**
 * What results in Deno depend on.
 *
 * @param ort Version of onnxruntime-web. @default {that of Octavo's own, where it can be read}
 */
export function denoEnvironment(ort: string = ortVersion() ?? "unknown"): RuntimeEnvironment {
  const { deno, v8 } = Deno.version;
  const processors = os.cpus();
  const cores = `${processors.length} ${processors.length === 1 ? "core" : "cores"}`;
  const machine = [
    `${processors[0]?.model.trim() || "unknown processor"}, ${cores}`,
    `${Deno.build.os} ${Deno.build.arch}`,
    `Deno ${deno}, V8 ${v8}`,
    `onnxruntime-web ${ort}`,
  ].join("; ");
  return { versions: { deno, v8, "onnxruntime-web": ort }, machine };
}
