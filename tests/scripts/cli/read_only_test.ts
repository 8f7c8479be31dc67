import assert from "node:assert/strict";
import { openStudy } from "../../../lib/study/open_study.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { inTempFolder } from "../../temp_folder.ts";
import { run } from "./spawn.ts";

/** A folder in which nothing can be written: not even by root, whom no rights keep out, as it is a file. */
async function unwritable(folder: string): Promise<string> {
  const place = `${folder}/place`;
  if (Deno.build.os !== "windows" && Deno.uid() !== 0) await Deno.mkdir(place, { mode: 0o555 });
  else await Deno.writeTextFile(place, "");
  return place;
}

Deno.test("where nothing can be written, a command says so before it works", () =>
  inTempFolder(async (folder) => {
    const place = await unwritable(folder);
    const model = `${folder}/a.onnx`;
    await modelOf("input x float32[1, 2]\noutput y float32[1, 2]\ny = Relu(x)", {}).save(model);
    const lines = [
      ["quantize", model, "--dynamic", "--out", `${place}/q.onnx`],
      ["optimize", model, "--float32", "--out", `${place}/q.onnx`],
      ["profile", model, "--chart", `${place}/a.svg`],
    ];
    for (const [name, ...args] of lines) {
      const { code, stdout, stderr } = await run(name!, ...args);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(
        stderr,
        /^\w+: Cannot write .*place\/\w+\.\w+: nothing can be written to .*place \([^']*\); name a file elsewhere\n$/,
      );
    }
  }));

Deno.test("a study that cannot be written says what to do", () =>
  inTempFolder(async (folder) => {
    const place = `${await unwritable(folder)}/study`;
    const identity = {
      model: { name: "a", hash: "1" },
      data: { name: "d", splits: [] },
      metric: { name: "m", unit: "", source: "" },
      versions: {},
    };
    await assert.rejects(
      async () => {
        await using study = await openStudy(identity, { folder: place });
        await study.putDocument("notes", 1);
      },
      /^UserError: Cannot .*place\/study( for a study)?: [^']*; name a folder elsewhere \(--out\)$/,
    );
  }));
