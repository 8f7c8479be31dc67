import assert from "node:assert/strict";
import { formatNotebook, parseNotebook } from "../../scripts/notebooks/notebook.ts";
import { strip } from "../../scripts/notebooks/strip.ts";

const FOLDER = new URL("../../notebooks/", import.meta.url);

Deno.test("the notebooks of the project carry no outputs", async () => {
  for await (const { name } of Deno.readDir(FOLDER)) {
    if (!name.endsWith(".ipynb")) continue;
    const text = await Deno.readTextFile(new URL(name, FOLDER));
    assert.equal(text, formatNotebook(strip(parseNotebook(text, name))), name);
  }
});
