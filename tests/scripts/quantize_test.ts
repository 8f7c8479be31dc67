import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpz } from "../../lib/data/npz.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { tinyArrays, tinyModel } from "../task/tiny.ts";
import { run, spawn, start } from "./spawn.ts";

async function inFolder(test: (at: (name: string) => string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  try {
    await tinyModel().save(at("tiny.onnx"));
    await writeNpz(at("data.npz"), { x: tinyArrays(20).x });
    await test(at);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Operators of a model and what it gives for the first picture. */
async function used(path: string): Promise<{ operators: Set<string>; logits: Float32Array }> {
  const model = await readModel(path);
  const session = await openSession(model);
  const { x } = tinyArrays(1);
  const { logits } = await session.run({ x: float32([1, 3, 12, 12], x.data) });
  await session.release();
  const operators = new Set(model.graph.node.map(({ opType }) => opType));
  return { operators, logits: logits!.data as Float32Array };
}

Deno.test("quantize writes a static model that the runtime runs, and says what became of it", () =>
  inFolder(async (at) => {
    const args = [at("tiny.onnx"), "--data", at("data.npz"), "--out", at("q.onnx")];
    const { code, stdout, stderr } = await run("quantize", ...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /front\.conv2 +Conv +static +QLinearConv/);
    assert.match(stdout, /agreement/);
    assert.match(stdout, /Wrote .*q\.onnx: [\d,]+ bytes, ×0\.\d+ of tiny\.onnx/);
    const int8 = await used(at("q.onnx"));
    assert.ok(int8.operators.has("QuantizeLinear"));
    const float = await used(at("tiny.onnx"));
    int8.logits.forEach((value, i) => assert.ok(Math.abs(value - float.logits[i]!) < 0.05));
  }));

Deno.test("quantize leaves out of the comparison what is no tensor, and says so", () =>
  inFolder(async (at) => {
    const text = "input x float32[1, 3, 12, 12]; output y sequence(float32[1, 3, 12, 12]); " +
      "r = Relu(x); y = SequenceConstruct(r, x)";
    await parseModel(text).save(at("list.onnx"));
    const args = [at("list.onnx"), "--data", at("data.npz"), "--out", at("q.onnx")];
    const { code, stdout, stderr } = await run("quantize", ...args);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /list\.onnx: left out of comparisons.* a sequence, a map or optional: "y"/,
    );
    assert.match(stdout, /Wrote .*q\.onnx/);
  }));

Deno.test("quantize takes a mapping from a config, and --dynamic needs no samples", () =>
  inFolder(async (at) => {
    await Deno.writeTextFile(
      at("q.jsonc"),
      '{ "default": "float32", "rules": [["front.conv1", "static"]], "percentile": 99.9 }',
    );
    const options = ["--data", at("data.npz"), "--config", at("q.jsonc"), "--json"];
    const [config, dynamic] = await Promise.all([
      run("quantize", at("tiny.onnx"), ...options, "--out", at("c.onnx")),
      run("quantize", at("tiny.onnx"), "--dynamic", "--out", at("d.onnx")),
    ]);
    assert.equal(config.code, 0, config.stderr);
    const record = JSON.parse(config.stdout);
    assert.equal(record.executes.QLinearConv, 1);
    assert.equal(record.comparison.difference.n, 11); // 8 found the ranges, one is kept back
    assert.equal(dynamic.code, 0, dynamic.stderr);
    assert.match(dynamic.stdout, /head +Gemm +dynamic/);
    assert.ok(!(await used(at("d.onnx"))).operators.has("QuantizeLinear"));
  }));

Deno.test("quantize used wrongly, or badly fed, writes nothing", () =>
  inFolder(async (at) => {
    await Deno.writeTextFile(at("typo.jsonc"), '{ "default": "statik" }');
    await Deno.writeTextFile(
      at("rule.jsonc"),
      '{ "default": "static", "rules": [["frnt", "float32"]] }',
    );
    const data = ["--data", at("data.npz")];
    const cases: [code: number, message: RegExp, ...args: string[]][] = [
      [2, /--out q\.onnx/, ...data],
      [2, /is the model itself; name another file/, ...data, "--out", at("tiny.onnx")],
      [2, /give --data samples\.npz, or --dynamic/, "--out", at("q.onnx")],
      [
        1,
        /default: expected one of .* did you mean "static"\?/,
        ...[...data, "--out", at("q.onnx"), "--config", at("typo.jsonc")],
      ],
      [
        1,
        /rule "frnt" matches no node; nearest are "front"/,
        ...[...data, "--out", at("q.onnx"), "--config", at("rule.jsonc")],
      ],
      [1, /did you mean "fbgemm"\?/, ...data, "--out", at("q.onnx"), "--preset", "fbgem"],
      [2, /--dynamic and --preset/, "--dynamic", "--preset", "wasm", "--out", at("q.onnx")],
      [1, /Cannot write .*: /, ...data, "--out", at("no/such/folder/q.onnx")],
    ];
    for (const [wanted, message, ...args] of cases) {
      const { code, stderr } = await run("quantize", at("tiny.onnx"), ...args);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at /m);
      assert.equal(code, wanted);
    }
    await assert.rejects(Deno.stat(at("q.onnx")), Deno.errors.NotFound);
  }));

Deno.test("inspect shows nodes with module paths and bytes, and the same as JSON", () =>
  inFolder(async (at) => {
    const [text, json] = await Promise.all([
      run("inspect", at("tiny.onnx")),
      run("inspect", at("tiny.onnx"), "--json"),
    ]);
    assert.match(text.stdout, /^model +tiny\.onnx$/m);
    assert.match(text.stdout, /^input +x: float32 \[N, 3, 12, 12\]$/m);
    assert.match(text.stdout, /\/front\/conv1\/Conv +Conv +front\.conv1 +16 × 3 × 3 × 3 +1792/);
    const summary = JSON.parse(json.stdout);
    assert.deepEqual(summary.operators.Conv, 2);
    assert.equal(summary.nodes.length, 7);
    assert.equal(summary.parameters, 16 * 27 + 16 + 16 * 144 + 16 + 4 * 16 + 4);
  }));

Deno.test("a process ends with the code of its command, and its message", () =>
  inFolder(async (at) => {
    const args = [at("tiny.onnx"), "--data", at("no.npz"), "--out", at("q.onnx")];
    const { code, stdout, stderr } = await spawn("quantize", ...args);
    assert.match(stderr, /^quantize: .*no\.npz: there is no such file\n$/);
    assert.deepEqual([code, stdout], [1, ""]);
  }));

Deno.test("a reader that stops reading, like head, is no failure", () =>
  inFolder(async (at) => {
    const child = start("inspect", [at("tiny.onnx"), "--json"]);
    await child.stdout.cancel();
    const stderr = await new Response(child.stderr).text();
    const { code } = await child.status;
    assert.equal(stderr, "");
    assert.equal(code, 0);
  }));
