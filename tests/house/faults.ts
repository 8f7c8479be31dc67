/**
 * Puts faults into the code, one at a time, and says which of them the tests notice. Run it by hand
 * after changes to what it names: `deno run -A tests/house/faults.ts [part of a file's name]`. It works
 * on a copy of the project, and exits with 1 if a fault goes unnoticed, or cannot be put in any more.
 */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { type Fault, FAULTS } from "./fault_list.ts";
import { absolutePath, readText, topLevelFiles } from "./tree.ts";

/** Tests that take longer have come into an endless loop: they are killed, and have noticed it. */
const MOST_MS = 60_000;

/** Runs tests in the copy of the project. */
async function pass(folder: string, tests: string): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--fail-fast", "--quiet", tests],
    cwd: folder,
    stdout: "null",
    stderr: "null",
    env: { OCTAVO_SHARED: Deno.env.get("OCTAVO_SHARED") ?? absolutePath("../shared") },
    signal: AbortSignal.timeout(MOST_MS),
  }).output();
  return success;
}

/** @returns What came of the fault; undefined if it was noticed. */
async function complaint(folder: string, { file, from, to, tests }: Fault) {
  const text = await readText(file);
  const times = text.split(from).length - 1;
  if (times !== 1) return `its text stands ${times} times in ${file}, and not once`;
  const path = join(folder, file);
  await Deno.writeTextFile(path, text.replace(from, () => to));
  try {
    return await pass(folder, tests) ? "NOT NOTICED" : undefined;
  } finally {
    await Deno.writeTextFile(path, text);
  }
}

async function main(folder: string, [part = ""]: readonly string[]): Promise<number> {
  for (const path of ["lib", "tests", "deno.json", "deno.lock", ...await topLevelFiles()]) {
    await cp(absolutePath(path), join(folder, path), { recursive: true });
  }
  const faults = FAULTS.filter(({ file }) => file.includes(part));
  for (const tests of new Set(faults.map(({ tests }) => tests))) {
    if (await pass(folder, tests)) continue;
    console.log(`${tests} fails without any fault: repair that first`);
    return 1;
  }
  let unnoticed = 0;
  for (const fault of faults) {
    const found = await complaint(folder, fault);
    if (found) unnoticed++;
    console.log(`${found ?? "noticed"}: ${fault.what} (${fault.file})`);
  }
  console.log(`${faults.length - unnoticed} of ${faults.length} faults noticed`);
  return unnoticed > 0 ? 1 : 0;
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  const remove = () => Deno.removeSync(folder, { recursive: true });
  Deno.addSignalListener("SIGINT", () => {
    remove();
    Deno.exit(130);
  });
  let code = 1;
  try {
    code = await main(folder, Deno.args);
  } finally {
    remove();
  }
  Deno.exit(code);
}
