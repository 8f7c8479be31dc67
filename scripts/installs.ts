import { reasonOf, UserError } from "../lib/errors.ts";
import { flag } from "./cli/command.ts";
import { runScript, script, type Shell } from "./cli/shell.ts";
import { type Installation, makeInstallation } from "./installs/installation.ts";
import { STEPS } from "./installs/steps.ts";

const command = {
  name: "installs",
  summary:
    "Checks the npm package as its users get it: makes it, installs it into an empty folder, and " +
    "does there what the README says. Needs npm; the step in a page needs Chromium, and is " +
    "left out by name where there is none.",
  operands: {},
  options: { keep: flag("leave the folder behind, and say where it is") },
  examples: ["deno task installs"],
} as const;

const main = script(command, async ({ options }, shell) => {
  const folder = await Deno.makeTempDir({ prefix: "octavo-installs-" });
  try {
    const failed = await takeSteps(folder, shell);
    if (failed > 0) throw new UserError(`${failed} of ${STEPS.length + 1} steps failed`);
  } finally {
    if (options.keep) await shell.print(`Kept ${folder}`);
    else await Deno.remove(folder, { recursive: true });
  }
});

/** Takes all steps, whichever fail; without an installation there is nothing to take them in. */
async function takeSteps(folder: string, shell: Shell): Promise<number> {
  let installation: Installation | undefined;
  await take("npm install octavo-VERSION.tgz, in an empty folder", shell, async () => {
    installation = await makeInstallation(folder, shell.progress);
  });
  if (!installation) return STEPS.length + 1;
  let failed = 0;
  for (const [name, step] of STEPS) {
    shell.signal.throwIfAborted();
    if (!await take(name, shell, () => step(installation!))) failed++;
  }
  return failed;
}

/** Prints what became of a step, which gives a reason where it could not be taken. */
async function take(
  name: string,
  { progress, print }: Shell,
  step: () => Promise<string | void>,
): Promise<boolean> {
  progress.update(name);
  const start = performance.now();
  const took = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const skipped = await step();
    await print(skipped ? `skip ${name}: ${skipped}` : `ok   ${name} (${took()})`);
    return true;
  } catch (error) {
    await print(`FAIL ${name} (${took()})\n${reasonOf(error).replaceAll(/^/gm, "     ")}`);
    return false;
  }
}

export default main;

if (import.meta.main) await runScript(main);
