import assert from "node:assert/strict";
import { loadMetric } from "../../lib/evaluate/load_metric.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** Loads a metric from a module of this text. */
async function load(text: string, name = "my metric.ts") {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/${name}`, text);
    return await loadMetric(`${folder}/${name}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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
