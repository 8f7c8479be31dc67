import type { Cell, Notebook } from "./notebook.ts";

/**
 * The notebook as it is committed: without outputs, execution counts and what front ends leave in
 * the metadata. Tags stay, since they say how a cell is to be run.
 */
export function strip(notebook: Notebook): Notebook {
  return {
    cells: notebook.cells.map(stripCell),
    metadata: {
      kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
      language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

function stripCell(cell: Cell, index: number): Cell {
  const id = cell.id ?? `cell-${index + 1}`; // asked for since format 4.5
  const { tags } = cell.metadata;
  const metadata = tags?.length ? { tags } : {};
  // deno fmt (seen in 2.9.6) writes cells without a last line end, but its --check asks for one.
  const source = cell.source.trim() === "" ? "" : `${cell.source.trimEnd()}\n`;
  if (cell.cell_type !== "code") return { cell_type: cell.cell_type, id, metadata, source };
  return { cell_type: "code", execution_count: null, id, metadata, outputs: [], source };
}
