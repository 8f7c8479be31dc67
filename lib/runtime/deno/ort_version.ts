/**
 * Version of the onnxruntime-web that workers and sessions import, without importing it: as the package
 * itself has it, wherever it was installed.
 */
export function ortVersion(): string {
  return found ??= read(import.meta.resolve("onnxruntime-web"));
}

let found: string | undefined;

/** Of a module in the folder `dist/` of its package. */
function read(module: string): string {
  try {
    const text = Deno.readTextFileSync(new URL("../package.json", module));
    const { version } = JSON.parse(text);
    return String(version);
  } catch {
    return "unknown"; // not on this disk, or nobody lets us read it
  }
}
