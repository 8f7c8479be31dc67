import { fileURLToPath } from "node:url";

/**
 * Version of the onnxruntime-web that workers and sessions import, without importing it: as the package
 * itself has it, wherever it was installed. Undefined where that may not be read; nobody is asked.
 */
export function ortVersion(): string | undefined {
  return found ??= read(import.meta.resolve("onnxruntime-web"));
}

let found: string | undefined;

/** Of a module in the folder `dist/` of its package. */
function read(module: string): string | undefined {
  try {
    const path = fileURLToPath(new URL("../package.json", module));
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
    return String(JSON.parse(Deno.readTextFileSync(path)).version);
  } catch {
    return undefined; // not on this disk
  }
}
