import assert from "node:assert/strict";
import { parseModel } from "../../../lib/onnx/parse_model.ts";
import type { RuntimeTable } from "../../../lib/record/runtime_table.ts";
import { PLAIN_BUILD } from "../../../lib/ship/web_runtime.ts";
import { inTempFolder } from "../../temp_folder.ts";
import { PERMITTED, run } from "./spawn.ts";

Deno.test("runtime measures what an import loads and takes, with made-up inputs", {
  permissions: PERMITTED,
}, () =>
  inTempFolder(async (folder) => {
    const model = parseModel("input x float32[N, 2]; output y float32[N, 2]; y = Relu(x)");
    await model.save(`${folder}/relu.onnx`);
    const args = [`${folder}/relu.onnx`, "--against", `${folder}/relu.onnx`, "--binary", "plain"];
    const { code, stdout, stderr } = await run("runtime", ...args, "--json");
    assert.equal(code, 0, stderr);
    const { subject, rows: [row, ...others] }: RuntimeTable = JSON.parse(stdout);
    assert.deepEqual([subject.name, subject.samples], ["relu.onnx", "made-up inputs"]);
    assert.deepEqual([row!.binary, row!.bits, row!.nodes, others], ["plain", "same", 1, []]);
    assert.ok(row!.ratio!.value > 0 && row!.ms! > 0);
    const { entry, script, wasm } = PLAIN_BUILD;
    const { files, bytes, download } = row!.loads![0]!;
    assert.deepEqual([row!.loads![0]!.entry, files], [entry, [script.name, wasm.name]]);
    assert.deepEqual(
      [bytes, download.brotli],
      [script.bytes + wasm.bytes, script.brotli + wasm.brotli],
    );
    assert.ok(row!.start === undefined || row!.start.ms > 0);
  }));

Deno.test(
  "runtime says in one line what it cannot use",
  { permissions: PERMITTED },
  () =>
    inTempFolder(async (folder) => {
      const path = `${folder}/open.onnx`;
      await parseModel("input x float32[N, T]; output y float32[N, T]; y = Relu(x)").save(path);
      const cases: [args: string[], code: number, message: RegExp][] = [
        [["--binary", "plane"], 2, /--binary is one of plain, jsep, asyncify, jspi, got "plane"/],
        [["--releases", "1.30.0,latest"], 2, /"latest" is no release; give versions/],
        [["--releases", "1.30.0", "--runtime", "1.29.0"], 2, /takes one binary, and no --runtime/],
        [["--releases", "1.30.0", "--binary", "plain,jsep"], 2, /takes one binary/],
        [["--data", "s.npz"], 2, /s\.npz needs the model it is for: .*runtime model\.onnx/],
        [[path, "--data", "s.npz", "--shape", "x=1,2"], 2, /leave out --shape, or --data/],
        [[path], 2, /Cannot make up an input for open\.onnx: .*--shape x=1,…/],
        [[`${folder}/none.onnx`], 1, /no such file/],
        [[folder], 1, /Cannot read .*study/],
      ];
      for (const [args, code, message] of cases) {
        const ended = await run("runtime", ...args);
        assert.match(ended.stderr, message);
        assert.equal(ended.code, code, ended.stderr);
        assert.equal(ended.stderr.trim().split("\n").length <= 2, true, ended.stderr);
      }
    }),
);
