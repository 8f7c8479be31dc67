import assert from "node:assert/strict";
import { UserError } from "../lib/errors.ts";
import { writeWhole } from "../lib/whole_file.ts";
import { inTempFolder } from "./temp_folder.ts";

async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}

Deno.test("writeWhole() writes text, bytes, parts and what a function writes, over what was there", async () => {
  await inTempFolder(async (folder) => {
    const path = `${folder}/file`;
    const contents = ["äb", Uint8Array.of(1, 2), [
      Uint8Array.of(3),
      Uint8Array.of(),
      Uint8Array.of(4),
    ]];
    const expected = [[0xc3, 0xa4, 0x62], [1, 2], [3, 4]];
    for (const [i, content] of contents.entries()) {
      await writeWhole(path, content);
      assert.deepEqual([...await Deno.readFile(path)], expected[i]);
    }
    await writeWhole(path, async (file) => {
      const writer = file.getWriter();
      await writer.write(Uint8Array.of(5));
      await writer.close();
    });
    assert.deepEqual([...await Deno.readFile(path)], [5]);
    assert.deepEqual(await names(folder), ["file"]);
  });
});

Deno.test("writeWhole() writes beside the target, and leaves it alone until all is written", async () => {
  await inTempFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, "old");
    await writeWhole(path, async (file) => {
      assert.equal(await Deno.readTextFile(path), "old");
      const [temporary] = (await names(folder)).filter((name) => name !== "file");
      assert.match(temporary!, /^\.file\.[0-9a-f]{8}\.tmp$/);
      await file.close();
    });
    assert.equal(await Deno.readTextFile(path), "");
  });
});

Deno.test("writeWhole() that fails leaves the old file, and nothing beside it", async () => {
  await inTempFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeTextFile(path, "old");
    const broken = new Error("no more to write");
    const failing = writeWhole(path, async (file) => {
      await file.abort(broken);
      throw broken;
    });
    await assert.rejects(failing, (error: Error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.message, `Cannot write ${path}: no more to write`);
      assert.equal(error.cause, broken);
      return true;
    });
    assert.deepEqual(await names(folder), ["file"]);
    assert.equal(await Deno.readTextFile(path), "old");
    await Deno.mkdir(`${folder}/taken`);
    await assert.rejects(writeWhole(`${folder}/taken`, "x"), /^UserError: Cannot write .*taken: /);
    assert.deepEqual(await names(folder), ["file", "taken"]);
    await assert.rejects(writeWhole(`${folder}/nowhere/file`, "x"), UserError);
  });
});

Deno.test("writeWhole() follows a link, and leaves alone what is no plain file", async () => {
  await inTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "old");
    await Deno.symlink(`${folder}/file`, `${folder}/link`);
    await writeWhole(`${folder}/link`, "new");
    assert.equal(await Deno.readTextFile(`${folder}/file`), "new");
    assert((await Deno.lstat(`${folder}/link`)).isSymlink);

    assert((await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output()).success);
    await assert.rejects(
      writeWhole(`${folder}/pipe`, "text"),
      (error: Error) =>
        error instanceof UserError && /pipe: it is no plain file, but a pipe/.test(error.message),
    );
    assert((await Deno.lstat(`${folder}/pipe`)).isFifo);
    await assert.rejects(writeWhole(folder, "text"), /it is a folder; name another file/);
  });
});
