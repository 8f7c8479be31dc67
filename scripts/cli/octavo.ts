/** Runs a command of Octavo, which its first argument names: `octavo sweep model.onnx`. */
import { wrongHost } from "./host.ts";

const wrong = wrongHost(globalThis);
if (wrong !== undefined) fail(wrong);

// Later, since an older Deno, or another program, could not even read it.
const { answer, chosen } = await import("./choose.ts");
const choice = await chosen(Deno.args);
if ("script" in choice) {
  const { runScript } = await import("./shell.ts");
  await runScript(choice.script, choice.args);
} else Deno.exit(answer(choice));

/** Ends whatever program this is. */
function fail(message: string): never {
  console.error(message);
  const { process } = globalThis as { process?: { exit(code: number): never } };
  return process ? process.exit(1) : Deno.exit(1);
}
