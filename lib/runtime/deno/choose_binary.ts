import type * as Ort from "onnxruntime-web";
import { UserError } from "../../errors.ts";
import { BINARIES, type Binary, binaryFiles } from "../../record/binary.ts";

/** What {@linkcode chooseBinary} changes of the package. */
type Paths = Pick<Ort.Env.WebAssemblyFlags, "wasmPaths">;

/**
 * Has the package load the files of a binary, which lie beside its module.
 *
 * @param module Address of the module, whose folder is the package's `dist/`.
 * @param task What messages say could not be done.
 * @throws {UserError} If they are not there, or the engine lacks what they need.
 */
export async function chooseBinary(
  wasm: Paths,
  binary: Binary,
  { module, task }: { readonly module: string; readonly task: string },
): Promise<void> {
  if (binary === "jspi" && !("Suspending" in WebAssembly)) {
    throw new UserError(
      `${task}: this engine has no JSPI (WebAssembly.Suspending), by which it waits; use plain`,
    );
  }
  const files = binaryFiles(binary);
  if (!await isThere(binary, module)) {
    const others: Binary[] = [];
    for (const other of BINARIES) if (await isThere(other, module)) others.push(other);
    throw new UserError(
      `${task}: there is no ${files.mjs} with its .wasm in its folder, which has ` +
        `${others.length === 0 ? "none of the binaries" : others.join(", ")}; ` +
        `name ${others.length === 0 ? "a release" : "one of these, or another release"}`,
    );
  }
  wasm.wasmPaths = {
    mjs: new URL(files.mjs, module).href,
    wasm: new URL(files.wasm, module).href,
  };
}

/** Whether both files are there; of others' servers nobody asks, the runtime says it when it starts. */
async function isThere(binary: Binary, module: string): Promise<boolean> {
  for (const name of Object.values(binaryFiles(binary))) {
    const path = new URL(name, module);
    if (path.protocol !== "file:") continue;
    if (!await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return false;
  }
  return true;
}
