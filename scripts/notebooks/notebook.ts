import { z } from "zod";
import { UserError } from "../../lib/errors.ts";

/**
 * Text of a cell or a stream: one string, or a list of its lines, each with its line break. Held as
 * one string here.
 */
const text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(""))]);

const metadata = z.looseObject({ tags: z.array(z.string()).optional() });

const output = z.discriminatedUnion("output_type", [
  z.object({ output_type: z.literal("stream"), name: z.string(), text }),
  z.object({
    output_type: z.literal("display_data"),
    data: z.record(z.string(), z.unknown()),
    metadata: z.record(z.string(), z.unknown()),
  }),
  z.object({
    output_type: z.literal("execute_result"),
    data: z.record(z.string(), z.unknown()),
    metadata: z.record(z.string(), z.unknown()),
    execution_count: z.int().nullable(),
  }),
  z.object({
    output_type: z.literal("error"),
    ename: z.string(),
    evalue: z.string(),
    traceback: z.array(z.string()),
  }),
]);

const codeCell = z.object({
  cell_type: z.literal("code"),
  id: z.string().optional(),
  metadata,
  source: text,
  outputs: z.array(output),
  execution_count: z.int().nullable(),
});

const textCell = z.object({
  cell_type: z.enum(["markdown", "raw"]),
  id: z.string().optional(),
  metadata,
  source: text,
});

const notebook = z.object({
  cells: z.array(z.union([codeCell, textCell])),
  metadata: z.looseObject({}),
  nbformat: z.literal(4),
  nbformat_minor: z.int(),
});

/**
 * A notebook file, in the words of its own format.
 *
 * @see {@link https://nbformat.readthedocs.io/en/latest/format_description.html | The notebook file format}
 */
export type Notebook = z.infer<typeof notebook>;
export type CodeCell = z.infer<typeof codeCell>;
export type Cell = Notebook["cells"][number];
export type Output = z.infer<typeof output>;

/** A code cell with the number by which people call it. */
export interface NumberedCell {
  /** 1 for the first code cell that is not empty: what a kernel run from the top shows as `[1]`. */
  readonly number: number;
  readonly cell: CodeCell;
}

/**
 * Reads the text of an `.ipynb` file.
 *
 * @param name Name of the file, for messages.
 * @throws {UserError} If it is not a notebook of format 4.
 */
export function parseNotebook(json: string, name: string): Notebook {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new UserError(`Cannot read ${name}: it is not JSON (${(error as Error).message})`);
  }
  const parsed = notebook.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UserError(
    `Cannot read ${name}: it is not a notebook of format 4\n${z.prettifyError(parsed.error)}`,
  );
}

/** Writes a notebook as Jupyter does: one space of indent, texts as lists of lines. */
export function formatNotebook(notebook: Notebook): string {
  const isText = (key: string) => key === "source" || key === "text";
  const write = (key: string, value: unknown) =>
    isText(key) && typeof value === "string" ? splitLines(value) : value;
  return JSON.stringify(notebook, write, 1) + "\n";
}

/** The code cells in order, without the empty ones, which kernels skip. */
export function codeCells(notebook: Notebook): NumberedCell[] {
  return notebook.cells
    .filter((cell) => cell.cell_type === "code")
    .filter((cell) => cell.source.trim() !== "")
    .map((cell, i) => ({ number: i + 1, cell }));
}

/** Lines with their line breaks; no line for an empty text. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
