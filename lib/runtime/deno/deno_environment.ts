import os from "node:os";
import type { Binary } from "../../record/binary.ts";
import { binaryText, runtimeName } from "../../record/runtime_name.ts";
import type { RuntimeEnvironment } from "../runtime.ts";
import { ortVersion } from "./ort_version.ts";

/** What {@linkcode denoEnvironment} is told of the onnxruntime-web that is used. */
export interface LoadedOrt {
  /** Its version, and where it came from unless that is npm's package of this version. */
  readonly release: string;
  /** The binary that was loaded; undefined where a module hides it. */
  readonly binary: Binary | undefined;
}

/**
 * What results in Deno depend on.
 *
 * @param loaded What is used. @default {Octavo's own, plain, with its version where that can be read}
 */
export function denoEnvironment(
  { release, binary }: LoadedOrt = { release: ortVersion() ?? "unknown", binary: "plain" },
): RuntimeEnvironment {
  const { deno, v8 } = Deno.version;
  const engine = `Deno ${deno}, V8 ${v8}`;
  const processors = os.cpus();
  const cores = `${processors.length} ${processors.length === 1 ? "core" : "cores"}`;
  const runtime = runtimeName({ engine, release, binary });
  const machine = [
    `${processors[0]?.model.trim() || "unknown processor"}, ${cores}`,
    `${Deno.build.os} ${Deno.build.arch}`,
    engine,
    `onnxruntime-web ${release}, ${binaryText({ runtime })}`,
  ].join("; ");
  return {
    ...runtime,
    ...{ versions: { deno, v8, "onnxruntime-web": release }, machine },
  };
}
