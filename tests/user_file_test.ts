import assert from "node:assert/strict";
import { UserError } from "../lib/errors.ts";
import { openUserFile, readUserFile } from "../lib/user_file.ts";
import { inTempFolder } from "./temp_folder.ts";

Deno.test("readUserFile() names the file that is most like a missing one, ends alike first", () =>
  inTempFolder(async (folder) => {
    for (const name of ["digits.onnx", "digits.npz", "notes.txt"]) {
      await Deno.writeTextFile(`${folder}/${name}`, "");
    }
    const missing = async (name: string, hint: string) =>
      await refuse(readUserFile(`${folder}/${name}`, name), `there is no such file${hint}`);
    await missing("digit.onnx", ` (did you mean ${folder}/digits.onnx?)`);
    await missing("digits.onxx", ` (did you mean ${folder}/digits.onnx?)`);
    await missing("clips-of-a-holiday.npz", "");
    await missing("no/folder.npz", "");
    await missing("digits.onnx.data", "");
  }));

Deno.test(
  "readUserFile() and openUserFile() refuse what is no plain file, and do not wait for it",
  {
    ignore: Deno.build.os === "windows",
  },
  () =>
    inTempFolder(async (folder) => {
      const pipe = `${folder}/pipe.npz`;
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      await Deno.symlink("loop", `${folder}/loop`);
      for (const read of [readUserFile, openUserFile]) {
        await refuse(
          read(pipe, "p"),
          "it is no plain file, but a pipe or a device; save it as a file",
        );
        await refuse(read(folder, "p"), "it is a folder; name a file");
        await refuse(
          read(`${folder}/loop`, "p"),
          "too many symbolic links encountered",
        );
      }
    }),
);

async function refuse(reading: Promise<unknown>, why: string): Promise<void> {
  await assert.rejects(reading, (error) => {
    assert(error instanceof UserError);
    assert.equal(error.message.replace(/^Cannot read \S+: /, ""), why);
    return true;
  });
}
