import assert from "node:assert/strict";
import { writeNewFiles } from "../../../../scripts/cli/init/new_files.ts";
import { UserError } from "../../../../lib/errors.ts";
import { inTempFolder } from "../../../temp_folder.ts";

Deno.test("writeNewFiles() makes folders, and leaves and names what is there", () =>
  inTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "mine");
    const left = await writeNewFiles(folder, new Map([["a.txt", "new"], ["in/b.txt", "new"]]));
    assert.deepEqual(left, ["a.txt"]);
    assert.equal(await Deno.readTextFile(`${folder}/a.txt`), "mine");
    assert.equal(await Deno.readTextFile(`${folder}/in/b.txt`), "new");
    assert.equal([...Deno.readDirSync(folder)].length, 2, "nothing else is left behind");
  }));

Deno.test("writeNewFiles() leaves a link that leads nowhere, too", () =>
  inTempFolder(async (folder) => {
    await Deno.symlink("gone", `${folder}/a.txt`);
    assert.deepEqual(await writeNewFiles(folder, new Map([["a.txt", "new"]])), ["a.txt"]);
    await assert.rejects(Deno.stat(`${folder}/gone`), Deno.errors.NotFound);
  }));

Deno.test("writeNewFiles() says where a folder is a file, or nothing can be written", () =>
  inTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, "");
    const write = (name: string) => writeNewFiles(`${folder}/${name}`, new Map([["b", ""]]));
    const says = (pattern: RegExp) => (error: unknown) =>
      error instanceof UserError && pattern.test(error.message);
    await assert.rejects(write("a.txt"), says(/a\.txt: it is a file; name another folder$/));
    await assert.rejects(write("a.txt/b"), says(/^Cannot write to the folder .*; name another/));
  }));
