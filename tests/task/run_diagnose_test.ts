import assert from "node:assert/strict";
import { JUPYTER_DISPLAY } from "../../lib/display.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { diagnosisText } from "../../lib/report/diagnosis_text.ts";
import type { DiagnosisRecord, FileFinding } from "../../lib/record/diagnosis_record.ts";
import { diagnose } from "../../lib/task/run_diagnose.ts";
import { modelOf } from "../quantize/fixture.ts";
import { dynamicProduct } from "./dynamic_product.ts";
import { pacedRuntime } from "./tiny.ts";

/** A product as `quantize_dynamic` writes it, a bias and a Relu behind. */
const dynamic = dynamicProduct("m = Mul(f, t) @ scaled; y = Tanh(m) @ tanh");

/** A clock in which a model takes so much for each of its nodes. */
const clocked = (msOf: (opType: string) => number) =>
  pacedRuntime(({ graph }: Model) => graph.node.reduce((sum, { opType }) => sum + msOf(opType), 0));

const slowIntegers = clocked((opType) => /Integer|Quantize/.test(opType) ? 10 : 1);

Deno.test("diagnose() names the int8 layers that are slower than float32, with what they take", async () => {
  const { record } = await diagnose(dynamic, { runtime: slowIntegers, rounds: 5 });
  // 10 for each of two operators on integers, 1 for each of the other four; MatMul and Tanh in float32.
  assert.equal(record.wholeMs, 24);
  assert.equal(record.latency!.ratio.value, 12);
  assert.equal(record.int8Layers, 1);
  const [finding] = record.findings;
  assert.deepEqual([finding!.rule, finding!.nodes], ["dynamic-product", ["product"]]);
  assert.ok(finding!.ms! > 20 && finding!.mendedMs === 1, JSON.stringify(finding));
  assert.equal(record.method, "alone");
  assert.ok(record.madeUp);
  assert.deepEqual(record.inputs, { x: [2, 16] });
});

Deno.test("diagnose() finds nothing against int8 that is faster, and says so", async () => {
  const runtime = clocked((opType) => opType === "MatMul" ? 100 : 1);
  const diagnosis = await diagnose(dynamic, { runtime, rounds: 5 });
  assert.deepEqual(diagnosis.record.findings, []);
  assert.equal(diagnosis.record.faster!.layers, 1);
  assert.match(`${diagnosis}`, /is faster than the same network in float32 kernels: ×0\.059/);
  assert.match(
    `${diagnosis}`,
    /1 layer is quantized and faster for it: ×0\.0\d+ of the time in float32/,
  );
  assert.doesNotMatch(`${diagnosis}`, /--out better/);
});

Deno.test("diagnose() names float32 operators of which a faster form was measured", async () => {
  const model = modelOf(
    `input x float32[1, 65536]\noutput y float32[1, 65536]\nh = Exp(x) @ exp\ny = Relu(h) @ relu`,
  );
  const runtime = clocked((opType) => opType === "Relu" ? 7 : 1);
  const diagnosis = await diagnose(model, { runtime, rounds: 5 });
  const { record } = diagnosis;
  assert.match(
    `${diagnosis}`,
    /takes 8\.00 ms a run\. The same numbers by other operators take ×0\.25/,
  );
  assert.equal(record.latency, undefined);
  assert.equal(record.exactLatency!.ratio.value, 0.25);
  const [{ rule, title, nodes, ms, mendedMs }] = record.findings as [FileFinding];
  assert.deepEqual(
    [rule, title, nodes, ms, mendedMs],
    ["slow-activations", "Relu in a slow form", ["relu"], 7, 1],
  );
});

Deno.test("diagnose() tells notes of the exporter by their bytes, and shows itself in a notebook", async () => {
  const noted = modelOf(`input x float32[1, 4]\noutput y float32[1, 4]\ny = Exp(x) @ exp`);
  const node = noted.graph.node.map((one) => ({ ...one, docString: "stack trace ".repeat(1000) }));
  const model = noted.withGraph({ ...noted.graph, node });
  const diagnosis = await diagnose(model, { runtime: pacedRuntime(), rounds: 5 });
  const [finding] = diagnosis.record.findings;
  assert.equal(finding!.rule, "exporter-metadata");
  assert.ok(finding!.bytes! >= 12_000 && finding!.bytes! < 12_100);
  const shown = await diagnosis[JUPYTER_DISPLAY]();
  assert.doesNotMatch(`${diagnosis}`, /^what /m); // nothing in it takes time
  assert.match(shown["text/html"]!, /<td[^>]*>notes of the exporter<\/td>/);
  assert.equal(shown["text/plain"], `${diagnosis}`);
});

const finding = (title: string, savesMs: number): FileFinding => ({
  ...{ rule: title, title, nodes: ["a", "b", "c", "d"], layers: 4 },
  ...{ ms: 10, share: 0.5, mendedMs: 10 - savesMs, mendedAs: "float32", savesMs },
  ...{ why: "a reason. ".repeat(20), mends: "something." },
});

Deno.test("a page of findings is no wider than a screen, and folds what is beyond ten", () => {
  const record: DiagnosisRecord = {
    schema: 1,
    model: { name: "net.onnx", hash: "0", bytes: 1000 },
    int8Layers: 9,
    wholeMs: 20,
    findings: Array.from({ length: 12 }, (_, i) => finding(`kind ${i}`, 9)),
    alike: 2,
    left: [],
    inputs: { x: [1] },
    madeUp: false,
    threads: 1,
    method: "graph",
    machine: "here",
  };
  const page = diagnosisText(record);
  assert.ok(page.split("\n").every((line) => line.length <= 100));
  assert.match(page, /^1\. +kind 0 \(4\): 10\.0 ms, and 1\.00 ms in float32$/m);
  assert.match(page, /^ +Nodes: a, b, c and 1 more$/m);
  assert.match(page, /^And 2 smaller findings: --json tells all\.$/m);
  assert.doesNotMatch(page, /kind 10/);
  assert.match(page, /doctor net\.onnx --out better\.onnx/);
  assert.doesNotMatch(diagnosisText(record, { next: false }), /--out/);
});
