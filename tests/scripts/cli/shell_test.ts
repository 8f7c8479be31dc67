import assert from "node:assert/strict";
import { parseModel } from "../../../lib/onnx/parse_model.ts";
import { openStudy } from "../../../lib/study/open_study.ts";
import quantize from "../../../scripts/cli/commands/quantize.ts";
import report from "../../../scripts/cli/commands/report.ts";
import { inTempFolder } from "../../temp_folder.ts";
import { run, runUntil } from "./spawn.ts";

Deno.test("Ctrl-C ends a command that computes, waits, or does not listen, and says what is kept", {
  ignore: Deno.build.os === "windows",
}, async () => {
  for (const doing of ["busy", "waiting", "deaf"]) {
    const { code, stderr } = await runUntil("begun", "SIGINT", "./stuck.ts", doing);
    assert.equal(code, 130, doing);
    assert.match(
      stderr,
      /stuck: stopped; what was measured is kept, and the same command goes on from there\n$/,
    );
  }
});

Deno.test("a command that has written a file does not say that nothing was written", () => {
  for (const { farewell } of [report, quantize]) {
    assert.match(farewell, /: stopped; each of its files is written whole, or still as it was$/);
  }
});

Deno.test("a command that is run from another folder, by its task or its address, finds its files there", () =>
  inTempFolder(async (folder) => {
    const model = parseModel("input x float32[N, 2]; output y float32[N, 2]; y = Relu(x)");
    await model.save(`${folder}/relu.onnx`);
    const config = new URL("../../../deno.json", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "--config", config, "inspect", "relu.onnx"],
      cwd: folder,
      // npx sets it too, and then deno leaves it as it is.
      env: { ...Deno.env.toObject(), NO_COLOR: "1", INIT_CWD: folder },
    }).output();
    const text = new TextDecoder();
    assert.ok(success, text.decode(stderr));
    assert.match(text.decode(stdout), /^model +relu\.onnx/);

    const program = new URL("../../../scripts/cli/octavo.ts", import.meta.url);
    const alone = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-R", "--no-prompt", program.href, "inspect", "relu.onnx"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assert.match(text.decode(alone.stdout), /^model +relu\.onnx/, text.decode(alone.stderr));
  }));

Deno.test("report takes a file of a study, and names the studies that a folder holds", () =>
  inTempFolder(async (folder) => {
    const identity = {
      model: { name: "a", hash: "1" },
      data: { name: "d", splits: [] },
      metric: { name: "m", unit: "", source: "" },
      versions: {},
    };
    const begin = async (name: string) => {
      await using study = await openStudy(identity, { folder: `${folder}/${name}` });
      await study.putDocument("notes", 1);
    };
    await begin("sample");
    const begun = /a study from .*sample: it was stopped before anything was measured/;
    for (const path of [folder, `${folder}/sample`, `${folder}/sample/study.db`]) {
      assert.match((await run("report", path)).stderr, begun);
    }
    await begin("digits-quick");
    const { code, stderr } = await run("report", folder);
    assert.deepEqual([code, stderr], [
      2,
      `report: ${folder} holds digits-quick, sample: name one\n`,
    ]);
    const none = await run("report", `${folder}/digts`);
    assert.deepEqual([none.code, none.stderr], [
      1,
      `report: Cannot read a study from ${folder}/digts: there is no such folder; ${folder}/ holds ` +
      "digits-quick, sample\n",
    ]);
  }));

Deno.test("help without a topic lists the topics, each with what it tells", async () => {
  const { code, stderr } = await run("help");
  assert.equal(code, 2);
  assert.match(stderr, /^help: Missing TOPIC: config, every key .*; metric, .*; schema, /);
});
