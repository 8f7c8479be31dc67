import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { FileMetricOptions } from "../../lib/evaluate/file_metric.ts";
import { loadMetric } from "../../lib/evaluate/load_metric.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { inTempFolder } from "../temp_folder.ts";

/** Holds the modules for as long as the tests run: one whose worker has ended is loaded again. */
const folder = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** Loads a metric from a module of this text. */
async function load(text: string, name = "my metric.ts", options: FileMetricOptions = {}) {
  const path = `${await Deno.makeTempDir({ dir: folder })}/${name}`;
  await Deno.writeTextFile(path, text);
  return await loadMetric(path, options);
}

const y = { y: float32([2], [3, 4]) };
const sample = { outputs: y, reference: y, label: 1, index: 5 };

Deno.test("loadMetric() takes a function alone and names it after its file", async () => {
  const metric = await load("export default ({ label, index }) => label + index;");
  assert.deepEqual([metric.name, metric.unit, metric.higherIsBetter], ["my metric", "", true]);
  assert.equal(metric.score(sample), 6);
});

Deno.test("loadMetric() takes a metric, in TypeScript, with its own words and `this`", async () => {
  const metric = await load(`
    const metric: { scale: number } & Record<string, unknown> = {
      name: "words", unit: "%", higherIsBetter: false, usesLabels: true, scale: 2,
      score(this: { scale: number }, { label }: { label: number }): number {
        return label * this.scale;
      },
    };
    export default metric;`);
  const { score, ...rest } = metric;
  assert.deepEqual(rest, {
    name: "words",
    unit: "%",
    higherIsBetter: false,
    digits: 1,
    share: true,
    maxDrop: 0.5,
    usesLabels: true,
  });
  assert.equal(score(sample), 2);
});

Deno.test("loadMetric() keeps what a module says of its metric", async () => {
  const { score: _, ...rest } = await load(`export default {
    unit: "%", digits: 2, share: false, perfect: 0, maxDrop: 3, resolution: 0.5, score: () => 2,
  }`);
  assert.deepEqual(rest, {
    name: "my metric",
    unit: "%",
    digits: 2,
    higherIsBetter: true,
    share: false,
    perfect: 0,
    maxDrop: 3,
    resolution: 0.5,
    usesLabels: false,
  });
});

Deno.test("loadMetric() knows the metrics that come with Octavo by their names", async () => {
  assert.equal((await loadMetric("SQNR")).perfect, 150);
  assert.equal((await loadMetric("cosine")).perfect, 1);
  const [detection, top1] = [await loadMetric("detection-f1"), await loadMetric("top1")];
  assert.deepEqual([detection.name, top1.name], ["detection F1", "top-1"]);
});

Deno.test("loadMetric() knows what other tools call a metric, and lists all for a name of nothing", async () => {
  const refuse = (name: string, message: RegExp) =>
    assert.rejects(loadMetric(name), (error: Error) => {
      assert.match(error.message, /there is no such metric, and no file of that name/);
      assert.match(error.message, /come with Octavo are top-1, top-5, f1, agreement, sqnr/);
      assert.match(error.message, message);
      return true;
    });
  await refuse("accuracy", /did you mean top-1\?/);
  await refuse("agrement", /did you mean agreement\?/);
  await refuse("bleu-something", /of that name\. The metrics/);
});

Deno.test("loadMetric() refuses a scoring function of two values, which would be called with one", async () => {
  const form =
    /takes 2 values, but it is called with one object .*\(\{ outputs, reference, label, index \}\)/;
  await assert.rejects(load("export default (output, label) => output === label ? 1 : 0;"), form);
  await assert.rejects(load("export default { score(output, label) { return 1; } };"), form);
});

Deno.test("loadMetric() says what is wrong with a module", async () => {
  const refuse = (text: string, message: RegExp) =>
    assert.rejects(load(text), (error: Error) => {
      assert.equal(error.name, "UserError");
      assert.match(error.message, /^Cannot load the metric .*my metric\.ts: /);
      assert.match(error.message, message);
      return true;
    });
  await refuse("export const score = 1;", /default export must be a function .* got none$/);
  await refuse("export default 3;", /got number$/);
  await refuse("export default { name: 'x' };", /"score" must be a function, got none$/);
  await refuse("export default { score: 1 };", /"score" must be a function, got number$/);
  await refuse("export default { unit: 1, score() {} };", /"unit" must be a string, got number$/);
  await refuse("export default { usesLabels: 1, score() {} };", /"usesLabels" must be a boolean/);
  await refuse("export default { maxDrop: '1', score() {} };", /"maxDrop" must be a number/);
  await refuse(
    "export default { relative: true, score() {} };",
    /replaced by "perfect"; set that to/,
  );
  await refuse("export default {;", /./);
  await refuse("throw new Error('no licence')", /no licence$/);
  await assert.rejects(
    loadMetric("no/such.ts"),
    /^UserError: Cannot load the metric no\/such\.ts: there is no such file\. The metrics that come with/,
  );
});

/** What a metric of this text gives for {@linkcode sample}. */
async function scoreOf(text: string, options: FileMetricOptions = {}): Promise<unknown> {
  return (await load(text, "m.ts", options)).score(sample);
}

Deno.test("a metric of a file gives scores to the bit, and is told apart by its text", async () => {
  const text = "export default ({ outputs }) => Math.sqrt(outputs.y.data[0]) / 7;";
  const metric = await load(text);
  assert.equal(metric.score(sample), Math.sqrt(3) / 7);
  assert.match(metric.score.toString(), /Math\.sqrt/);
  assert.deepEqual(y, { y: float32([2], [3, 4]) }, "the tensors are still here");
  assert.ok(Number.isNaN(await scoreOf("export default () => NaN;")));
  assert.equal(await scoreOf("export default () => undefined;"), undefined);
  await assert.rejects(
    scoreOf("export default async () => 1;"),
    /^Error: the score must be a finite number, got \[object Promise\]$/,
  );
});

Deno.test("a metric of a file gets all of a sample: other types, views, inputs", async () => {
  const metric = await load(
    `export default { usesInputs: true, score: ({ outputs, inputs, label }) =>
    outputs.ids.data.length + Number(outputs.ids.data[0]) + inputs.words.data[1].length +
    inputs.part.data.buffer.byteLength + label };`,
  );
  const ids = { type: "int64" as const, dims: [2], data: BigInt64Array.of(100n, 7n) };
  const words = { type: "string" as const, dims: [2], data: ["a", "four"] };
  const part = float32([2], new Float32Array(1000).subarray(10, 12));
  const outputs = { ids };
  assert.equal(
    metric.score({ outputs, reference: outputs, inputs: { words, part }, label: 1, index: 0 }),
    2 + 100 + 4 + 8 + 1,
  );
});

Deno.test("what a metric of a file throws is thrown here, and the next sample is scored", async () => {
  const metric = await load(`let n = 0;
    export default ({ outputs }) => { if (n++ === 0) throw new RangeError("no é"); return n; };`);
  assert.throws(() => metric.score(sample), /^Error: no é$/);
  assert.equal(metric.score(sample), 2);
});

Deno.test("a metric of a file that takes too long is given up", async () => {
  const sleep = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300_000);";
  const slow = scoreOf(`export default () => { ${sleep} };`, { limitMs: 50 });
  await assert.rejects(slow, /gave no score within 0\.05 s/);
  const never = load(`await new Promise(() => {}); export default () => 1;`, "m.ts", {
    loadMs: 50,
  });
  await assert.rejects(never, /Cannot load the metric .*: it did not load within 0\.05 s/);
});

Deno.test("a metric of a file is loaded again where its worker has ended, unless the file changed", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/m.ts`;
    await Deno.writeTextFile(path, "let n = 0; export default () => ++n;");
    const metric = await loadMetric(path, { patienceMs: 1 });
    /** Scores until the worker has ended in between; on a busy machine it takes a while to do so. */
    const scoreAgain = async () => {
      for (let tries = 0; tries < 1000; tries++) {
        await delay(50);
        if (metric.score(sample) === 1) return 1;
      }
    };
    assert.equal(await scoreAgain(), 1, "it counted on");
    await Deno.utime(path, 1, 1);
    await assert.rejects(scoreAgain, /was changed since it was loaded/);
  }));

Deno.test("a metric of a file that loads for longer than its worker waits for samples is loaded", async () => {
  const metric = await load(
    `await new Promise((loaded) => setTimeout(loaded, 200)); export default () => 3;`,
    "m.ts",
    { patienceMs: 1 },
  );
  assert.equal(metric.score(sample), 3);
});
