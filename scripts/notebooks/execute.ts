import { type ExecuteOptions, Kernel } from "./kernel.ts";
import { type CodeCell, codeCells, type Notebook, type Output } from "./notebook.ts";
import { OutputRecorder } from "./outputs.ts";

/** What became of a run. */
export interface Execution {
  /** The notebook with the outputs of the cells that ran. */
  readonly notebook: Notebook;
  /** Number of cells that ran, the failing one included. */
  readonly cells: number;
  /** Where and why it stopped; absent where all cells passed. */
  readonly failure?: CellFailure;
}

/** A failing cell and its reason. */
export interface CellFailure {
  /** Number of the code cell, from 1. */
  readonly cell: number;
  readonly reason: string;
}

/**
 * Runs the code cells of a notebook on a fresh kernel, from the top to the first that fails. A cell
 * fails too with a promise that is rejected and awaited by nobody, or with an error thrown in a
 * timer, which Deno's kernel would let pass; one that is tagged `raises-exception` may fail.
 *
 * @param folder Folder of the notebook: what its relative imports and `Deno.cwd()` stand on.
 */
export async function executeNotebook(
  notebook: Notebook,
  folder: string,
  options: ExecuteOptions = {},
): Promise<Execution> {
  const executed = structuredClone(notebook);
  const recorder = new OutputRecorder();
  await using kernel = await Kernel.start(folder);
  await kernel.execute(REPORT_UNHANDLED, () => {});
  const cells = codeCells(executed);
  for (const { number, cell } of cells) {
    const reason = await executeCell(kernel, cell, number, recorder, options);
    const mayFail = cell.metadata.tags?.includes("raises-exception");
    if (reason !== undefined && !mayFail) {
      return { notebook: executed, cells: number, failure: { cell: number, reason } };
    }
  }
  return { notebook: executed, cells: cells.length };
}

/** Fills in the outputs of a cell; gives the reason if it fails. */
async function executeCell(
  kernel: Kernel,
  cell: CodeCell,
  number: number,
  recorder: OutputRecorder,
  options: ExecuteOptions,
): Promise<string | undefined> {
  cell.outputs = [];
  cell.execution_count = number;
  try {
    const { status, ename, evalue } = await kernel.execute(
      cell.source,
      (message) => recorder.record(message, cell.outputs, number),
      options,
    );
    const error = cell.outputs.find((output) => output.output_type === "error");
    if (error) return describe(error);
    // A syntax error, or a package that cannot be had, publishes nothing and gives no other reason.
    if (status === "error") return `${ename}: ${evalue}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Error and message, with the places of the stack that are in files. Those in cells are left out:
 * the kernel counts the lines of the JavaScript that it made of the cell.
 */
function describe(error: Extract<Output, { output_type: "error" }>): string {
  const places = error.traceback.flatMap((entry) => entry.split("\n"))
    .filter((line) => line.includes("file://"))
    .map((line) => "\n  " + line.trim());
  return `${error.ename}: ${error.evalue}${places.slice(0, 5).join("")}`;
}

/** Run before the first cell: publishes what would otherwise be lost as the error of the running cell. */
const REPORT_UNHANDLED = `{
  const publish = (how, error) => Deno.jupyter.broadcast("error", {
    ename: error?.name ?? "Error",
    evalue: how + ": " + (error?.message ?? error),
    traceback: [String(error?.stack ?? "")],
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    publish("rejected, and awaited by nobody", event.reason);
  });
  addEventListener("error", (event) => {
    event.preventDefault();
    publish("thrown outside of the cell's own run", event.error);
  });
}`;
