import { RESUMES } from "../../../scripts/cli/command.ts";
import { runScript, script } from "../../../scripts/cli/shell.ts";

/** A command whose main thread computes without end, or waits: for what only a process can show. */
const command = {
  name: "stuck",
  summary: "",
  operands: { doing: { placeholder: "WHAT", help: "" } },
  stopped: RESUMES,
  options: {},
} as const;

await runScript(script(command, async (_, { complain, signal }) => {
  complain("begun");
  if (Deno.args.includes("busy")) { for (;;); }
  await new Promise((_, reject) => {
    if (Deno.args.includes("waiting")) signal.onabort = () => reject(signal.reason);
  });
}));
