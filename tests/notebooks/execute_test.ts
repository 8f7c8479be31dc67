import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { executeNotebook } from "../../scripts/notebooks/execute.ts";
import { notebookOf } from "./fixture.ts";

const folder = tmpdir();

/** For cells of which something comes after the kernel's last word, on a busy machine too. */
const PATIENT = { settleMs: 1000 };

Deno.test("executeNotebook() keeps every output of a cell, those that come after idle too", async () => {
  const noisy = "console.log('a');\nconsole.log('b');\n" +
    "await Deno.jupyter.display(Deno.jupyter.html`<b>c</b>`);\n40 + 2";
  const { notebook, cells, failure } = await executeNotebook(
    notebookOf("const x: number = 1;", noisy, "x"),
    folder,
    PATIENT,
  );
  assert.equal(failure, undefined);
  assert.equal(cells, 3);
  const outputs = notebook.cells.map((cell) => cell.cell_type === "code" ? cell.outputs : []);
  assert.deepEqual(outputs[0], []);
  assert.deepEqual(outputs[1]?.map(({ output_type }) => output_type), [
    "stream",
    "display_data",
    "execute_result",
  ]);
  assert.deepEqual(outputs[1]?.[0], { output_type: "stream", name: "stdout", text: "a\nb\n" });
  assert.deepEqual(outputs[2], [{
    output_type: "execute_result",
    data: { "text/plain": "1" },
    metadata: {},
    execution_count: 3,
  }]);
});

Deno.test("executeNotebook() stops at the cell that fails and says why", async () => {
  const { cells, failure } = await executeNotebook(
    notebookOf("1", 'throw new RangeError("too far");', "3"),
    folder,
  );
  assert.equal(cells, 2);
  assert.deepEqual(failure, { cell: 2, reason: "RangeError: too far" });
});

Deno.test("executeNotebook() lets a cell fail that is tagged raises-exception", async () => {
  const notebook = notebookOf('throw new Error("on purpose");', "2");
  notebook.cells[0]!.metadata = { tags: ["raises-exception"] };
  const { cells, failure } = await executeNotebook(notebook, folder);
  assert.equal(failure, undefined);
  assert.equal(cells, 2);
});

Deno.test.each([
  ['Promise.reject(new Error("lost")); 1', /^Error: rejected, and awaited by nobody: lost/],
  ['setTimeout(() => { throw new Error("late"); }, 1); 1', /^Error: thrown outside .*: late/],
  ["const = 1;", /Execution failed/],
  ["Deno.exit(0);", /kernel died \(exit code 0\)/],
])("executeNotebook() fails on %s", async (source, reason) => {
  const { failure } = await executeNotebook(notebookOf(source), folder, PATIENT);
  assert.equal(failure?.cell, 1);
  assert.match(failure.reason, reason);
});

Deno.test("executeNotebook() ends a cell that takes too long", async () => {
  const notebook = notebookOf("while (true);");
  const { failure } = await executeNotebook(notebook, folder, { timeoutMs: 300 });
  assert.deepEqual(failure, { cell: 1, reason: "The cell took more than 0.3 s" });
});
