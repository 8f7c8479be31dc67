import assert from "node:assert/strict";
import { studyFolderFiles } from "../../../../scripts/cli/init/study_folder.ts";
import { parseShared } from "../../../../lib/config/any_config.ts";
import { parseQuantizeConfig } from "../../../../lib/config/quantize_config.ts";
import { parseSweepConfig } from "../../../../lib/config/parse_sweep_config.ts";
import { formatNotebook, parseNotebook } from "../../../../scripts/notebooks/notebook.ts";
import { strip } from "../../../../scripts/notebooks/strip.ts";

const files = studyFolderFiles("/p", {
  model: '../a "b".onnx',
  data: "s.npz",
  layer: "enc.0",
  command: "npx octavo",
});
const config = files.get("octavo.jsonc")!;

Deno.test("the config of a new folder decides nothing, and all commands read it", () => {
  assert.deepEqual(parseQuantizeConfig(config).says, false);
  assert.equal(parseSweepConfig(config).seed, 0);
});

Deno.test("each key of it is right once its slashes are taken away", () => {
  const keys = config.match(/^ {2}\/\/ "\w+": .*,$/gm)!;
  assert.ok(keys.length > 8, `${keys.length} keys`);
  const all = config.replaceAll(/^ {2}\/\/ (?="\w+": )/gm, "");
  assert.equal(parseShared(all).maxDrop, 0.5);
  assert.deepEqual(parseQuantizeConfig(all).mapping.rules[0]?.[0], "enc.0");
});

Deno.test("the notebook of a new folder holds nothing but its cells, and names model and samples", () => {
  const text = files.get("first.ipynb")!;
  const notebook = parseNotebook(text, "first.ipynb");
  assert.equal(formatNotebook(strip(notebook)), text);
  const code = notebook.cells.map(({ source }) => source).join("\n");
  assert.match(code, /MODEL = "\.\.\/a \\"b\\"\.onnx";/);
  assert.match(code, /DATA = "s\.npz";/);
  assert.match(code, /npx octavo search/);
});
