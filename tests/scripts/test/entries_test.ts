import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeEntries } from "../../../scripts/test/entries.ts";
import { inTempFolder } from "../../temp_folder.ts";

Deno.test("writeEntries() loads the files of a folder together, in parts of nearly one size", async () => {
  await inTempFolder(async (folder) => {
    const tests = ["onnx/a", "onnx/b/c", "onnx/d", "tensor/e", "f"]
      .map((name) => new URL(`../../../tests/${name}_test.ts`, import.meta.url).href);
    const entries = await writeEntries(tests, folder, { most: 2 });
    const loaded = await Promise.all(entries.map((path) => Deno.readTextFile(path)));
    assert.deepEqual(entries.map((path, i) => [basename(path), loaded[i]!.match(/\w+_test/g)]), [
      ["onnx_1.ts", ["a_test"]],
      ["onnx_2.ts", ["c_test", "d_test"]],
      ["tensor_1.ts", ["e_test"]],
      ["top_1.ts", ["f_test"]],
    ]);
  });
});

Deno.test("writeEntries() writes examples as modules, which fail where they are wrong", async () => {
  await inTempFolder(async (folder) => {
    const fenced = (code: string) => `/**\n * \`\`\`ts\n * ${code}\n * \`\`\`\n */\n`;
    const files = await Promise.all(
      ["", "throw new Error('as it should');"].map(async (code, i) => {
        const file = join(folder, `sum${i}.ts`);
        await Deno.writeTextFile(
          file,
          fenced(`import { sum } from "./add.ts"; sum(1, 2); ${code}`),
        );
        return pathToFileURL(file).href;
      }),
    );
    await Deno.writeTextFile(join(folder, "add.ts"), "export const sum = (a, b) => a + b;\n");
    const [entry, ...others] = await writeEntries(files, folder);
    assert.deepEqual(others, []);
    const text = await Deno.readTextFile(entry!);
    assert.deepEqual(text.match(/sum\d\.ts#\d-\d/g), ["sum0.ts#2-4", "sum1.ts#2-4"]);
    const [right, wrong] = text.match(/(?<=import\(")[^"]+/g)!
      .map((path) => new URL(path, pathToFileURL(entry!)).href);
    await import(right!);
    await assert.rejects(import(wrong!), /as it should/);
  });
});
