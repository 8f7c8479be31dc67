/** Runs a command of Octavo, which its first argument names: `octavo sweep model.onnx`. */
import { answer, chosen } from "./choose.ts";

const choice = await chosen(Deno.args);
if ("script" in choice) {
  const { runScript } = await import("./shell.ts");
  await runScript(choice.script, choice.args);
} else Deno.exit(answer(choice));
