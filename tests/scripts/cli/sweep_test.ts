import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpz } from "../../../lib/data/npz.ts";
import { Model } from "../../../lib/onnx/model.ts";
import { study as studyRecord } from "../../../lib/record/study_schema.ts";
import type { Trial } from "../../../lib/record/trial_record.ts";
import { readStudy } from "../../../lib/study/open_study.ts";
import { float32, type Tensor } from "../../../lib/tensor/tensor.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { tinyArrays, tinyModel } from "../../task/tiny.ts";
import { run, runUntil } from "./spawn.ts";

/** A folder with a small model, its samples, and a config of three configurations. */
async function inFolder(test: (at: (name: string) => string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  try {
    await tinyModel().save(at("tiny.onnx"));
    const { x, labels } = tinyArrays(60);
    await writeNpz(at("data.npz"), { x, labels: integers(labels) });
    await Deno.writeTextFile(
      at("few.jsonc"),
      '{ "placements": ["cnn-static", "mixed"], "observers": ["min-max"], "weights": ["per-channel"], ' +
        '"kernels": "any" }',
    );
    await test(at);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function integers(values: Int32Array): Tensor<"int32"> {
  return { type: "int32", dims: [values.length], data: values };
}

/** Content of every file of a folder, by name. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) Object.assign(found, await contents(path));
    else if (!entry.name.startsWith("study.db")) {
      found[path] = (await Deno.readFile(path)).toHex();
    }
  }
  return found;
}

Deno.test("a sweep that is killed or stopped loses nothing finished, and the next run continues", () =>
  inFolder(async (at) => {
    const args = [
      ...[at("tiny.onnx"), "--data", at("data.npz"), "--config", at("few.jsonc")],
      ...["--out", at("study"), "--workers", "1", "--quick"],
    ];
    const killed = await runUntil("trial 2 of 3", "SIGKILL", "sweep", ...args);
    assert.notEqual(killed.code, 0);

    const before = await readStudy(at("study"));
    assert.ok(before.trials.length >= 2);

    // Ctrl-C reports what there is, if there is time, and loses nothing. Windows knows no signals.
    if (Deno.build.os !== "windows") {
      const { code, stdout, stderr } = await runUntil("trial 2 of 3", "SIGINT", "sweep", ...args);
      assert.equal(code, 130);
      assert.match(stderr, /trial 2 of 3 · .* \(from an earlier run\)/);
      assert.match(
        stdout + stderr,
        /stopped after 2 of 3 configurations[^]*The same command continues|the same command goes on/,
      );
    }

    const again = await run("sweep", ...args, "--json");
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /3 configurations; [23] measured already in/);
    assert.match(again.stderr, /trial 2 of 3 · .* \(from an earlier run\)/);
    const study = studyRecord.parse(JSON.parse(again.stdout));
    assert.equal(study.trials.length, 3);
    const measured = ({ key, accuracy, latency, seconds }: Trial) => ({
      ...{ key, accuracy, latency, seconds },
    });
    assert.deepEqual(
      study.trials.slice(0, 2).map(measured),
      before.trials.slice(0, 2).map(measured),
    );

    // The report comes out the same again, byte for byte.
    const written = await contents(at("study"));
    assert.ok(Object.keys(written).some((path) => path.endsWith("report.html")));
    const reported = await run("report", at("study"), "--json");
    assert.equal(reported.code, 0);
    assert.deepEqual(studyRecord.parse(JSON.parse(reported.stdout)).trials, study.trials);
    assert.deepEqual(await contents(at("study")), written);

    // Nobody else's study goes on top of it.
    const { proto } = tinyModel();
    const other = new Model({ ...proto, producerName: "another" }, { name: "other.onnx" });
    await other.save(at("other.onnx"));
    const refused = await run("sweep", at("other.onnx"), ...args.slice(1));
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^sweep: .*it holds the model tiny\.onnx .*--out.*--fresh/);
    assert.deepEqual(await contents(at("study")), written);
  }));

Deno.test("every bad input of a sweep gets one message, exit code 1, and nothing written", () =>
  inFolder(async (at) => {
    const { x, labels } = tinyArrays(60);
    const bytes = tinyModel().bytes();
    await Deno.writeFile(at("cut.onnx"), bytes.subarray(0, bytes.length - 100));
    await Deno.writeTextFile(at("text.onnx"), "# notes");
    const { proto } = tinyModel();
    const [opset] = proto.opsetImport;
    await new Model({ ...proto, opsetImport: [{ ...opset!, version: 99n }] }).save(at("new.onnx"));
    const logarithm = modelOf(
      `graph nan
      input x float32[N, 3, 12, 12]
      output y float32[N, 16, 10, 10]
      c = Conv(x, w, b)
      y = Log(c)`,
      { w: [16, 3, 3, 3], b: [16] },
    );
    await logarithm.save(at("log.onnx"));
    await writeNpz(at("plain.npz"), { x });
    await writeNpz(at("name.npz"), { pictures: x, clips: x });
    await writeNpz(at("shape.npz"), { x: float32([60, 432], x.data) });
    const large = BigInt64Array.from({ length: x.data.length }, () => 2n ** 60n + 1n);
    await writeNpz(at("type.npz"), { x: { type: "int64", dims: x.dims, data: large } });
    await writeNpz(at("nan.npz"), { x: float32(x.dims, x.data.with(5 * 432 + 7, NaN)) });
    await writeNpz(at("labels.npz"), { x, labels: integers(labels.map((label) => label + 2)) });
    await writeNpz(at("two.npz"), { x: float32([2, 3, 12, 12], x.data.slice(0, 2 * 432)) });
    await Deno.writeTextFile(at("typo.jsonc"), '{\n"observer": ["min-max"] }');
    await Deno.mkdir(at("notes"));
    await Deno.writeTextFile(at("notes/todo.txt"), "the user's");

    const right = ["tiny.onnx", "data.npz"] as const;
    const cases: [message: RegExp, model: string, data: string, ...options: string[]][] = [
      [/no-such\.onnx: there is no such file/, "no-such.onnx", "data.npz"],
      [/text\.onnx as an ONNX model/, "text.onnx", "data.npz"],
      [/cut\.onnx as an ONNX model: .*cut off/, "cut.onnx", "data.npz"],
      [/from opset 99 to 13: opsets 7 to/, "new.onnx", "data.npz"],
      [/no-such\.npz: there is no such file/, "tiny.onnx", "no-such.npz"],
      [
        /no array for the network's input "x" \(float32 \[N, 3, 12, 12\]\)/,
        "tiny.onnx",
        "name.npz",
      ],
      [
        /array "x" is of shape \[60, 432\].*expected \[samples, 3, 12, 12\]/,
        "tiny.onnx",
        "shape.npz",
      ],
      [/array "x" holds 1152921504606846977 in sample 0/, "tiny.onnx", "type.npz"],
      [/array "x" holds NaN in sample 5/, "tiny.onnx", "nan.npz"],
      [/output "y" is NaN at element/, "log.onnx", "plain.npz"],
      [
        /they run from 2 to 5, but the network has 4 classes, counted from 0 to 3/,
        "tiny.onnx",
        "labels.npz",
      ],
      [/leave the selection split empty/, "tiny.onnx", "two.npz"],
      [
        /line 2: unknown key "observer"; did you mean "observers"\?/,
        ...right,
        "--config",
        "typo.jsonc",
      ],
      [/Cannot use .*notes for a study: it holds other files/, ...right, "--out", "notes"],
    ];
    for (const [i, [message, model, data, ...options]] of cases.entries()) {
      const out = options[0] === "--out" ? [] : ["--out", at(`study${i}`)];
      const rest = options.map((option) => option.startsWith("--") ? option : at(option));
      const args = [at(model), "--data", at(data), "--workers", "1", ...out, ...rest];
      const { code, stdout, stderr } = await run("sweep", ...args);
      assert.match(stderr, message);
      assert.match(stderr, /^sweep: [^\n]+\n$/); // one message, no stack
      assert.equal(stdout, "");
      assert.equal(code, 1);
      await assert.rejects(Deno.stat(at(`study${i}`)), Deno.errors.NotFound);
    }
    assert.deepEqual([...Deno.readDirSync(at("notes"))].map(({ name }) => name), ["todo.txt"]);
  }));

Deno.test("a sweep used wrongly ends with 2 and says how it is used", async () => {
  const cases: [RegExp, ...string[]][] = [
    [/--data samples\.npz needs the model it is for/, "--data", "samples.npz"],
    [/model\.onnx needs samples to be measured on: --data/, "model.onnx"],
    [/Unknown option --max-dorp: did you mean --max-drop\?/, "--max-dorp", "1"],
    [/--calibration needs a whole number of at least 1, got "0"/, "--calibration", "0"],
  ];
  for (const [message, ...args] of cases) {
    const { code, stderr } = await run("sweep", ...args);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^\s+at /m);
    assert.equal(code, 2);
  }
});
