import assert from "node:assert/strict";
import { join } from "node:path";
import { cellModule, checkTypes } from "../../scripts/notebooks/types.ts";
import { notebookOf } from "./fixture.ts";

Deno.test("cellModule() finds the cell and the line that a line of the module came from", () => {
  const { code, origin } = cellModule(notebookOf("const a = 1;\na", "", "const b = 2;\n\nb"));
  assert.equal(code, "const a = 1;\na\nconst b = 2;\n\nb\nexport {};\n");
  assert.deepEqual(
    [1, 2, 3, 5].map(origin),
    [{ cell: 1, line: 1 }, { cell: 1, line: 2 }, { cell: 2, line: 1 }, { cell: 2, line: 3 }],
  );
});

Deno.test("checkTypes() names notebook, cell and line, and leaves no file behind", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "a.ipynb");
    const notebook = notebookOf("const a = 1;", "// a text is no number\nconst b: string = a;");
    const report = await checkTypes(path, notebook);
    assert.match(report ?? "", /^TS2322.*a\.ipynb, cell 2, line 2:7$/s);
    assert.equal(await checkTypes(path, notebookOf("const a = 1;", "a + 1")), undefined);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("checkTypes() reports a name that a module does not export, which the kernel lets pass", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "lib.ts"), "export const here = 1;");
    const notebook = notebookOf('import { there } from "./lib.ts";\nthere');
    const report = await checkTypes(join(folder, "a.ipynb"), notebook);
    assert.match(report ?? "", /no exported member named 'there'.*cell 1, line 1/s);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
