import assert from "node:assert/strict";
import { join } from "node:path";
import { writeNpz } from "../../../../lib/data/npz.ts";
import { readModel } from "../../../../lib/onnx/file.ts";
import type { DiagnosisRecord } from "../../../../lib/record/diagnosis_record.ts";
import { float32, type Tensor } from "../../../../lib/tensor/tensor.ts";
import { mendedText } from "../../../../scripts/cli/doctor/mended_text.ts";
import { modelOf } from "../../../quantize/fixture.ts";
import { normal } from "../../../random.ts";
import { inTempFolder } from "../../../temp_folder.ts";
import { PERMITTED, run } from "../spawn.ts";

const bytes = (dims: number[]): Tensor<"int8"> => ({
  ...{ type: "int8", dims },
  data: Int8Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => i * 37 % 255 - 127),
});

/** A convolution as `quantize_dynamic` writes it by default. */
const dynamic = () =>
  modelOf(
    `input x float32[1, 16, 12, 12]
     output y float32[1, 16, 10, 10]
     q, s, z = DynamicQuantizeLinear(x) @ quantize
     i = ConvInteger(q, w, z, wz) @ conv_quant
     f = Cast(i) {to=1} @ cast
     t = Mul(s, ws) @ scales
     y = Mul(f, t) @ scaled`,
    {
      w: bytes([16, 16, 3, 3]),
      wz: { type: "int8", dims: [], data: Int8Array.of(0) },
      ws: float32([], [0.01]),
    },
  );

Deno.test(
  "doctor FILE tells what the file costs and why, and --out writes a better one of the same ends",
  {
    permissions: PERMITTED,
  },
  () =>
    inTempFolder(async (folder) => {
      const at = (name: string) => join(folder, name);
      await dynamic().save(at("net.onnx"));
      const told = await run("doctor", at("net.onnx"), "--out", at("better.onnx"));
      assert.equal(told.code, 0, told.stderr);
      assert.match(told.stdout, /^net\.onnx is slower than the same network in float32 kernels: ×/);
      assert.match(told.stdout, /^ConvInteger, int8 weights +1 +/m);
      assert.match(told.stdout, /^ +Nodes: conv_quant$/m);
      assert.match(told.stdout, /^Wrote .*better\.onnx: [\d,]+ bytes/m);
      const better = await readModel(at("better.onnx"));
      assert.ok(better.graph.node.every(({ opType }) => opType !== "DynamicQuantizeLinear"));
      assert.deepEqual(
        [better.graph.input, better.graph.output].map(([one]) => one!.name),
        ["x", "y"],
      );
    }),
);

Deno.test("doctor FILE takes samples, and prints all it found as JSON", {
  permissions: PERMITTED,
}, () =>
  inTempFolder(async (folder) => {
    const [model, data] = [join(folder, "net.onnx"), join(folder, "data.npz")];
    await dynamic().save(model);
    await writeNpz(data, { x: float32([2, 16, 12, 12], normal(2 * 16 * 144, 1)) });
    const told = await run("doctor", model, "--data", data, "--json");
    assert.equal(told.code, 0, told.stderr);
    const record: DiagnosisRecord = JSON.parse(told.stdout);
    assert.deepEqual([record.int8Layers, record.madeUp, record.method], [1, false, "graph"]);
    assert.equal(record.findings[0]!.rule, "s8-weights-in-conv-integer");
  }));

Deno.test("doctor FILE has one message for what it cannot read or do", {
  permissions: PERMITTED,
}, () =>
  inTempFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await dynamic().save(at("net.onnx"));
    await Deno.writeFile(at("cut.onnx"), (await Deno.readFile(at("net.onnx"))).subarray(0, 500));
    await modelOf("input x float32[N, frames]\noutput y float32[N, frames]\ny = Relu(x)")
      .save(at("open.onnx"));
    const wrong = [
      [1, /Cannot read cut\.onnx as an ONNX model/, at("cut.onnx")],
      [1, /there is no such file/, at("none.onnx")],
      [1, /Cannot use the folder/, folder],
      [2, /is the model itself; name another file/, at("net.onnx"), "--out", at("net.onnx")],
      [2, /leaves the shape open; give --shape x=1,…, or samples/, at("open.onnx")],
      [2, /leave out --shape, or --data/, at("open.onnx"), "--shape", "x=1,8", "--data", "d.npz"],
      [2, /--out is of a file: name it/, "--out", at("better.onnx")],
      [2, /--data is of a file: name it/, "--data", at("data.npz"), "--json"],
    ] as const;
    for (const [code, message, ...args] of wrong) {
      const ended = await run("doctor", ...args);
      assert.deepEqual([ended.code, ended.stdout], [code, ""], args.join(" "));
      assert.match(ended.stderr, message);
      assert.equal(
        ended.stderr.trimEnd().split("\n").filter((line) => /^doctor: /.test(line)).length,
        1,
      );
    }
  }));

Deno.test("mendedText() lists changes with how they compare, and the notes, no wider than a screen", () => {
  const text = mendedText({
    changes: [
      {
        rule: "dynamic-product",
        nodes: [],
        result: "more accurate",
        words: "2 layers: float32 again",
      },
      {
        rule: "b",
        nodes: [],
        result: "same bits",
        words: "1 layer: a reason. ".repeat(9).trimEnd(),
      },
    ],
    ...{ notes: ["It is smaller."], latency: {}, bytes: { file: 1 }, closeness: {}, inputs: 1 },
    ...{ candidates: [], left: [] },
  });
  assert.match(text, /^ {2}more accurate {2}dynamic products, 2 layers: float32 again$/m);
  assert.match(text, /^ {2}same bits {6}1 layer/m);
  assert.ok(text.split("\n").every((line) => line.length <= 98));
  assert.match(text, /\n\nIt is smaller\.$/);
});
