import { basename, dirname } from "node:path";
import { codeCells, type Notebook } from "./notebook.ts";

/** A module that holds the code of a notebook, and where each of its lines came from. */
export interface CellModule {
  readonly code: string;
  /** Cell and line that a line of the module came from, all from 1. */
  origin(line: number): { cell: number; line: number };
}

/**
 * Puts the code cells one after the other into a module. A name that two cells declare is an error
 * then, although the kernel lets it pass: such a notebook depends on the order in which it is run.
 */
export function cellModule(notebook: Notebook): CellModule {
  const starts: { cell: number; line: number }[] = [];
  const lines: string[] = [];
  for (const { number, cell } of codeCells(notebook)) {
    starts.push({ cell: number, line: lines.length + 1 });
    lines.push(...cell.source.split("\n"));
  }
  return {
    code: [...lines, "export {};", ""].join("\n"), // a module, even without imports
    origin(line) {
      const start = starts.findLast((start) => start.line <= line) ?? { cell: 1, line: 1 };
      return { cell: start.cell, line: line - start.line + 1 };
    },
  };
}

/**
 * Type-checks the cells of a notebook, which Deno's kernel never does: there, a name that a module
 * does not export is silently undefined.
 *
 * @param path Path of the notebook. The module is written beside it while the check runs, so that its
 * imports mean what they mean in the notebook.
 * @returns What `deno check` says, with places in the notebook; undefined if all is well.
 */
export async function checkTypes(path: string, notebook: Notebook): Promise<string | undefined> {
  const cells = cellModule(notebook);
  const file = await Deno.makeTempFile({
    dir: dirname(path),
    prefix: `.${basename(path, ".ipynb")}-`,
    suffix: ".check.ts", // left out of git
  });
  try {
    await Deno.writeTextFile(file, cells.code);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", basename(file)],
      cwd: dirname(path),
      env: { NO_COLOR: "1" },
      stdout: "null",
    }).output();
    if (success) return undefined;
    const report = placeInNotebook(new TextDecoder().decode(stderr), basename(file), path, cells);
    // What follows the errors only counts them.
    return report.split(/^(?:Found \d+ errors|error: Type checking failed)/m)[0]!.trim();
  } finally {
    await Deno.remove(file);
  }
}

/** Replaces `file://….check.ts:12:5` by `notebook.ipynb, cell 3, line 2:5`. */
function placeInNotebook(text: string, file: string, notebook: string, cells: CellModule): string {
  return text.replaceAll(
    /file:\/\/\S+?\/([^\s/]+\.check\.ts):(\d+):(\d+)/g,
    (place, name, ...at) => {
      if (name !== file) return place;
      const { cell, line } = cells.origin(Number(at[0]));
      return `${notebook}, cell ${cell}, line ${line}:${at[1]}`;
    },
  );
}
