import assert from "node:assert/strict";
import { join } from "node:path";
import { codeCells, formatNotebook, parseNotebook } from "../../scripts/notebooks/notebook.ts";
import { strip } from "../../scripts/notebooks/strip.ts";
import { notebookOf } from "./fixture.ts";

Deno.test("formatNotebook() writes texts as lines, and parseNotebook() reads them back", () => {
  const notebook = notebookOf("const a = 1;\n\na");
  const json = formatNotebook(notebook);
  assert.match(json, /"source": \[\n {4}"const a = 1;\\n",\n {4}"\\n",\n {4}"a"\n {3}\]/);
  assert.deepEqual(parseNotebook(json, "a.ipynb"), notebook);
});

Deno.test("parseNotebook() says which file and which field is wrong", () => {
  assert.throws(() => parseNotebook("{", "a.ipynb"), /Cannot read a\.ipynb: it is not JSON/);
  const old = JSON.stringify({ ...notebookOf("1"), nbformat: 3 });
  assert.throws(() => parseNotebook(old, "a.ipynb"), /a\.ipynb: it is not a notebook.*nbformat/s);
});

Deno.test("codeCells() numbers as a kernel does: empty and text cells do not count", () => {
  const notebook = notebookOf("a", "  \n", "b");
  notebook.cells.unshift({ cell_type: "markdown", metadata: {}, source: "# Title" });
  assert.deepEqual(
    codeCells(notebook).map(({ number, cell }) => [number, cell.source]),
    [[1, "a"], [2, "b"]],
  );
});

Deno.test("strip() removes outputs, counts and what front ends leave, and keeps tags", () => {
  const notebook = notebookOf("1 + 1");
  const [cell] = notebook.cells;
  assert.ok(cell?.cell_type === "code");
  cell.outputs = [{ output_type: "stream", name: "stdout", text: "hello\n" }];
  cell.execution_count = 4;
  cell.metadata = { tags: ["raises-exception"], collapsed: true };
  delete cell.id;
  notebook.metadata = { language_info: { version: "6.0.3" } };

  const stripped = strip(notebook);
  assert.deepEqual(stripped.cells, [{
    cell_type: "code",
    execution_count: null,
    id: "cell-1",
    metadata: { tags: ["raises-exception"] },
    outputs: [],
    source: "1 + 1\n",
  }]);
  assert.doesNotMatch(formatNotebook(stripped), /6\.0\.3|hello/);
  assert.deepEqual(strip(stripped), stripped);
});

Deno.test("strip() leaves cells that deno fmt --check takes for formatted", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const notebook = notebookOf("const a = 1;", "// two\na;\n\n");
    notebook.cells.unshift({ cell_type: "markdown", metadata: {}, source: "# Title" });
    const file = join(folder, "a.ipynb");
    await Deno.writeTextFile(file, formatNotebook(strip(notebook)));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--check", "--no-config", file],
      env: { DENO_DIR: folder }, // its cache holds what it wrote for formatted, wrongly
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
