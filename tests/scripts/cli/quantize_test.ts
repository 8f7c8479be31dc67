import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpz } from "../../../lib/data/npz.ts";
import { readModel } from "../../../lib/onnx/file.ts";
import { parseModel } from "../../../lib/onnx/parse_model.ts";
import { openSession } from "../../../lib/runtime/open_runtime.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { tinyArrays, tinyInt8File, tinyModel } from "../../task/tiny.ts";
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

Deno.test("quantize writes a static model that the runtime runs, says what became of it, and reads it back", () =>
  inFolder(async (at) => {
    const args = [at("tiny.onnx"), "--data", at("data.npz"), "--out", at("q.onnx")];
    // Whatever the time: what proves slower would be put back.
    const { code, stdout, stderr } = await run("quantize", ...args, "--kernels", "any");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /front\.conv2 +Conv +static +QLinearConv/);
    assert.match(stdout, /agreement/);
    assert.match(stdout, /Wrote .*q\.onnx: [\d,]+ bytes, ×0\.\d+ of tiny\.onnx/);
    const int8 = await used(at("q.onnx"));
    assert.ok(int8.operators.has("QuantizeLinear"));
    const float = await used(at("tiny.onnx"));
    int8.logits.forEach((value, i) => assert.ok(Math.abs(value - float.logits[i]!) < 0.05));

    const again = await run("quantize", at("q.onnx"), "--dynamic", "--out", at("again.onnx"));
    assert.equal(again.code, 0, again.stderr);
    assert.match(
      again.stdout,
      /q\.onnx is int8 already \(\d+ layers static.*read as float32 operators/,
    );
    assert.ok((await Deno.stat(at("again.onnx"))).size > 0);
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
    assert.match(config.stderr, /^Metric: agreement in %/m);
    const record = JSON.parse(config.stdout);
    assert.equal(record.executes.QLinearConv, 1);
    assert.equal(record.comparison.difference.n, 12); // 8 found the ranges
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
      [2, /did you mean fbgemm\?/, ...data, "--out", at("q.onnx"), "--preset", "fbgem"],
      [2, /--dynamic and --preset/, "--dynamic", "--preset", "wasm", "--out", at("q.onnx")],
      [1, /Cannot write .*: nothing can be written to /, ...data, "--out", at("tiny.onnx/q.onnx")],
      [2, /is a folder: name a file in it, e\.g\. .*q\.onnx/, ...data, "--out", at(".")],
      [
        2,
        /--kernels needs fast or any, got "fats": did you mean fast\?/,
        ...data,
        "--kernels",
        "fats",
      ],
      [2, /--kernels goes with the preset wasm/, "--kernels", "any", "--preset", "fbgemm"],
    ];
    for (const [wanted, message, ...args] of cases) {
      const out = args.includes("--out") || /--out q/.test(message.source)
        ? []
        : ["--out", at("q.onnx")];
      const { code, stderr } = await run("quantize", at("tiny.onnx"), ...args, ...out);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at /m);
      assert.equal(code, wanted);
    }
    await assert.rejects(Deno.stat(at("q.onnx")), Deno.errors.NotFound);
  }));

Deno.test("quantize says what its numbers rest on, and makes the folder of --out", () =>
  inFolder(async (at) => {
    const notes = async (count: number, ...args: string[]) => {
      await writeNpz(at(`${count}.npz`), { x: tinyArrays(count).x });
      const out = ["--data", at(`${count}.npz`), "--out", at(`new/folder/${count}.onnx`), "--json"];
      const fixed = [...out, "--kernels", "any"]; // nothing is timed a second time
      const { code, stdout, stderr } = await run("quantize", at("tiny.onnx"), ...fixed, ...args);
      assert.equal(code, 0, stderr);
      assert.ok((await Deno.stat(at(`new/folder/${count}.onnx`))).isFile);
      return JSON.parse(stdout).notes[0];
    };
    assert.equal(
      await notes(1),
      "Ranges from the 1 sample of 1.npz. 1 sample: nothing left to compare on.",
    );
    assert.equal(
      await notes(2),
      "Ranges from 1 of the 2 samples of 2.npz; compared on 1 other.",
    );
    assert.equal(
      await notes(6, "--calibration", "2", "--selection", "3"),
      "Ranges from 2 of the 6 samples of 6.npz; compared on 3 others.",
    );
    assert.match(
      await notes(5, "--calibration", "5"),
      /^Ranges from all 5 samples of 5\.npz: not enough samples to compare\. /,
    );
    assert.equal(
      await notes(4, "--dynamic"),
      "No ranges were wanted; compared on the 4 samples of 4.npz.",
    );
  }));

Deno.test("quantize --dynamic of a network of convolutions stores weights small, and says what samples bring", () =>
  inFolder(async (at) => {
    const model = modelOf(
      `input x float32[N, 4, 6, 6]; output y float32[N, 16, 4, 4]; y = Conv(x, w) @ conv`,
      { w: [16, 4, 3, 3] },
    );
    await model.save(at("conv.onnx"));
    const { code, stdout } = await run(
      "quantize",
      at("conv.onnx"),
      "--dynamic",
      "--out",
      at("q.onnx"),
    );
    assert.equal(code, 0);
    assert.match(stdout, /No node of conv\.onnx computes in int8: the weights are stored in int8/);
    assert.match(stdout, /Samples \(--data samples\.npz .*\) would bring int8 kernels\./);
    assert.match(stdout, /Wrote .*q\.onnx: [\d,]+ bytes, ×0\.\d+ of conv\.onnx\./);
  }));

Deno.test("quantize says where there is nothing to quantize, and where the file grows", () =>
  inFolder(async (at) => {
    const relu = modelOf("input x float32[N, 4]; output y float32[N, 4]; y = Relu(x) @ relu");
    await relu.save(at("relu.onnx"));
    const none = await run("quantize", at("relu.onnx"), "--dynamic", "--out", at("none.onnx"));
    assert.equal(none.code, 0, none.stderr);
    assert.match(
      none.stdout,
      /^Nothing of relu\.onnx was quantized: nothing in it can be int8 .* \(Relu "relu": /,
    );
    const few = modelOf("input x float32[N, 4]; output y float32[N, 4]; y = MatMul(x, w) @ fc", {
      w: [4, 4],
    });
    await few.save(at("few.onnx"));
    const more = await run("quantize", at("few.onnx"), "--dynamic", "--out", at("more.onnx"));
    assert.equal(more.code, 0, more.stderr);
    assert.match(more.stdout, /It is \d+ bytes larger than few\.onnx/);
  }));

Deno.test("quantize says first that int8 destroys a network, and a rule that mends it", () =>
  inFolder(async (at) => {
    // Powers over eight decades, and a Log that shows the small ones.
    const eye = float32([16, 16], Array.from({ length: 256 }, (_, i) => i % 17 ? 0 : 1));
    const model = modelOf(
      `input x float32[N, 16]; output y float32[N, 16]
       tensor tiny float32[] = [0.00000001]
       p = Mul(x, x) @ power; q = MatMul(p, u) @ first; s = Relu(q); m = MatMul(s, u) @ mel
       t = Add(m, tiny) @ offset; l = Log(t) @ log; y = MatMul(l, w) @ last`,
      { w: [16, 16], u: eye },
    );
    await model.save(at("log.onnx"));
    const x = Array.from({ length: 256 }, (_, i) => Math.cos(i * i) * 10 ** (-(i % 16) / 4));
    await writeNpz(at("log.npz"), { x: float32([16, 16], x) });
    // What a Log is made from stays float32 by default, but not where a rule names it.
    const rules = (more: string) =>
      Deno.writeTextFile(
        at("q.jsonc"),
        `{ "default": "wasm", "rules": [["mel", "static"]${more}] }`,
      );
    const args = [at("log.onnx"), "--data", at("log.npz"), "--out", at("q.onnx")];
    const config = ["--config", at("q.jsonc")];
    await rules("");
    const { code, stdout, stderr } = await run("quantize", ...args, ...config);
    assert.equal(code, 0, stderr);
    const first = stdout.split("\n").find((line) => line.startsWith("int8 destroys"));
    assert.match(first!, /^int8 destroys what log\.onnx gives: SQNR −?\d+\.\d dB on \d+ samples/);
    assert.match(
      first!,
      /The error shows behind Log "log": .* mended \(\d+\.\d dB\) where this node/,
    );
    const [, rule] = /add to the rules of .*q\.jsonc: (\[.*\])\.$/.exec(first!)!;
    assert.equal(rule, '["mel", "float32"]');
    await rules(`, ${rule}`);
    const mended = await run("quantize", ...args, ...config);
    assert.equal(mended.code, 0, mended.stderr);
    assert.doesNotMatch(mended.stdout, /destroys/);
  }));

Deno.test("quantize says first what is compared and why, and ends with exit 1 where a limit is missed", () =>
  inFolder(async (at) => {
    const args = [at("tiny.onnx"), "--data", at("data.npz"), "--out", at("q.onnx")];
    const kept = await run("quantize", ...args, "--at-least", "60");
    assert.equal(kept.code, 0, kept.stderr);
    assert.match(
      kept.stdout,
      /^Metric: agreement in %, higher is better\. Chosen because output "logits" \[N, 4\] holds classes/,
    );
    const missed = await run("quantize", ...args, "--metric", "sqnr", "--at-least", "90");
    assert.equal(missed.code, 1);
    assert.match(missed.stdout, /^Metric: SQNR in dB, higher is better\.\n/);
    assert.match(missed.stderr, /is written, but it misses --at-least 90: its SQNR is \d+\.\d dB/);
    await Deno.stat(at("q.onnx"));
    const unfit = await run(
      "quantize",
      ...args.slice(0, 3),
      "--out",
      at("u.onnx"),
      "--metric",
      "iou",
    );
    assert.equal(unfit.code, 1);
    assert.match(unfit.stderr, /Cannot score sample 0 of .* with IoU: there is no map/);
    await assert.rejects(Deno.stat(at("u.onnx")), Deno.errors.NotFound);
    for (const limit of [["--at-least", "0.9"], ["--max-drop", "50%"], ["--max-drop", "-1"]]) {
      const { code, stderr } = await run("quantize", ...args, ...limit);
      assert.equal(code, 2, stderr);
    }
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

Deno.test("inspect says what each layer of an int8 file was, by the name that rules have for it", () =>
  inFolder(async (at) => {
    await (await tinyInt8File()).save(at("int8.onnx"));
    const [text, json] = await Promise.all([
      run("inspect", at("int8.onnx")),
      run("inspect", at("int8.onnx"), "--json"),
    ]);
    assert.match(text.stdout, /It is int8 already: other commands read it as float32 operators/);
    assert.match(text.stdout, /^\/front\/conv1\/Conv +static +uint8 +int8 +.*DequantizeLinear/m);
    assert.equal(JSON.parse(json.stdout).int8.layers[0].form, "static");
  }));

Deno.test("a process ends with the code of its command, and its message", () =>
  inFolder(async (at) => {
    const args = [at("tiny.onnx"), "--data", at("no.npz"), "--out", at("q.onnx")];
    const { code, stdout, stderr } = await spawn("quantize", ...args);
    assert.match(stderr, /^quantize: .*no\.npz: there is no such file\n$/);
    assert.deepEqual([code, stdout], [1, ""]);
  }));

Deno.test("code of --metric FILE may compute and import, and nothing else", () =>
  inFolder(async (at) => {
    await Deno.writeTextFile(at("one.ts"), "export const one: number = 1;");
    await Deno.writeTextFile(
      at("nosy.ts"),
      `import { one } from "./one.ts";
       export default ({ index }: { index: number }) => index < one ? one : Deno.readTextFileSync("x");`,
    );
    const args = ["tiny.onnx", "--data", "data.npz", "--out", "n.onnx", "--metric", "nosy.ts"];
    const { code, stderr } = await spawn(
      "quantize",
      ...args.map((arg) => arg.includes(".") ? at(arg) : arg),
    );
    assert.match(stderr, /Cannot score sample 1 of .* with nosy: Requires read access to "x"/);
    assert.equal(code, 1);
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

Deno.test("quantize takes the branch that all samples take, and drops what an exporter noted", () =>
  inFolder(async (at) => {
    const model = parseModel(`
      input x float32[N, 2]
      input sr int64[]
      output y float32[N, 2]
      tensor high int64[] = [16000]
      tensor w float32[2, 2] = [1.0, -2.0, 3.0, 0.5]
      c = Equal(sr, high)
      y = If(c) {
        then_branch=graph a { output r float32[N, 2]; r = MatMul(x, w) @ high },
        else_branch=graph b { output r float32[N, 2]; r = Relu(x) @ low }
      } @ rate`);
    const node = model.graph.node.map((node) => ({ ...node, docString: "net.py, line 3" }));
    await model.withGraph({ ...model.graph, node }).save(at("vad.onnx"));
    await writeNpz(at("vad.npz"), {
      x: float32([12, 2], Array.from({ length: 24 }, (_, i) => Math.sin(i))),
      sr: { type: "int64", dims: [12], data: new BigInt64Array(12).fill(16000n) },
    });
    const args = [at("vad.onnx"), "--data", at("vad.npz"), "--kernels", "any", "--out"];
    const { code, stdout, stderr } = await run("quantize", ...args, at("q.onnx"));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /took the then branch of If "rate", as sr = 16000 in all 12 samples/);
    assert.match(stdout, /high +MatMul +static/);
    const { graph } = await readModel(at("q.onnx"));
    assert.deepEqual(graph.input.map(({ name }) => name), ["x", "sr"]);
    assert.ok(graph.node.every(({ opType, docString }) => opType !== "If" && !docString));
  }));
