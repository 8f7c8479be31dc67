import { basename, dirname, join } from "node:path";
import { commandName } from "../lib/command_name.ts";
import { UserError } from "../lib/errors.ts";
import { flag, text } from "./cli/command.ts";
import { executeNotebook } from "./notebooks/execute.ts";
import { formatNotebook, parseNotebook } from "./notebooks/notebook.ts";
import { strip } from "./notebooks/strip.ts";
import { checkTypes } from "./notebooks/types.ts";
import { runScript, script, type Shell } from "./cli/shell.ts";

const FOLDER = "notebooks";

const command = {
  name: "notebooks",
  summary:
    "Checks notebooks: that they hold no outputs, that the types of their cells are right, " +
    "and that every cell runs on Deno's Jupyter kernel.",
  operands: {
    notebooks: {
      placeholder: "notebook.ipynb",
      help: `the notebooks; without any, all of ${FOLDER}/`,
      optional: true,
      rest: true,
    },
  },
  options: {
    out: text("DIR", "also write the notebooks with their outputs into this folder"),
    strip: flag("only remove outputs and counts from the files, in place"),
  },
  examples: [
    "--out reports/notebooks",
    "--strip notebooks/01-first-sweep.ipynb",
  ],
} as const;

const main = script(command, async ({ operands, options }, shell) => {
  const { notebooks } = operands;
  const paths = notebooks.length > 0 ? notebooks : await notebooksIn(FOLDER);
  if (options.strip) return await stripFiles(paths);
  const failed = await checkNotebooks(paths, options.out, shell);
  if (failed) throw new UserError(`${failed} of ${paths.length} notebooks failed`);
});

/** Paths of the notebooks of a folder, by name. */
async function notebooksIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries
    .filter(({ name, isFile }) => isFile && name.endsWith(".ipynb") && !name.startsWith("."))
    .map(({ name }) => join(folder, name))
    .sort();
}

async function stripFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const before = await readText(path);
    const after = formatNotebook(strip(parseNotebook(before, path)));
    if (after !== before) await Deno.writeTextFile(path, after);
  }
}

/** Prints a line for each notebook, and what is wrong with it; gives the number of those that fail. */
async function checkNotebooks(
  paths: readonly string[],
  out: string | undefined,
  { print, progress, signal }: Shell,
): Promise<number> {
  let failed = 0;
  for (const path of paths) {
    signal.throwIfAborted();
    progress.update(path);
    const start = performance.now();
    const problem = await checkNotebook(path, out);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (problem !== undefined) failed++;
    await print(`${problem === undefined ? "ok  " : "FAIL"} ${path} (${seconds} s)`);
    if (problem !== undefined) await print(problem.replaceAll(/^/gm, "     "));
  }
  return failed;
}

/** What is wrong with a notebook; undefined if nothing is. */
async function checkNotebook(path: string, out?: string): Promise<string | undefined> {
  const text = await readText(path);
  const notebook = parseNotebook(text, path);
  if (formatNotebook(strip(notebook)) !== text) {
    return "It holds outputs, counts or what else a front end leaves: " +
      `${commandName("notebooks")} --strip ${path}`;
  }
  const types = await checkTypes(path, notebook);
  if (types !== undefined) return types;
  const { notebook: executed, failure } = await executeNotebook(notebook, dirname(path));
  if (out !== undefined) {
    await Deno.mkdir(out, { recursive: true });
    await Deno.writeTextFile(join(out, basename(path)), formatNotebook(executed));
  }
  return failure && `cell ${failure.cell}: ${failure.reason}`;
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new UserError(`Cannot read the notebook ${path}: ${(error as Error).message}`);
  }
}

export default main;

if (import.meta.main) await runScript(main);
