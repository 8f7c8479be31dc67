import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { makeCanary } from "../../lib/evaluate/make_canary.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { TensorProto_DataType } from "../../lib/onnx/onnx_pb.ts";
import { quantizeStatic } from "../../lib/quantize/one_call.ts";
import { BINARIES } from "../../lib/record/binary.ts";
import type { SelfTestResult } from "../../lib/ship/self_test.js";
import { SELF_TEST, SELF_TEST_FILE } from "../../lib/ship/self_test_text.ts";
import { answerOfPage, findChromium } from "../../scripts/installs/browser.ts";
import { pacedRuntime, tinyData, tinyModel } from "../task/tiny.ts";
import { inTempFolder } from "../temp_folder.ts";

/** The entries of onnxruntime-web that load each binary, in the order of `BINARIES`. */
const ENTRIES = ["ort.wasm", "ort", "ort.webgpu", "ort.jspi"];

/** A page that tests two models in every binary, shows what it finds, and sends it. */
const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>selfTest</title>
<style>
  body { font: 16px/1.4 system-ui, sans-serif; margin: 1rem; max-width: 52rem }
  p { border-left: .4rem solid; margin: .5rem 0; padding: .2rem .8rem }
  .true { border-color: #1a7f37; background: #dafbe1 }
  .false { border-color: #cf222e; background: #ffebe9 }
</style>
<script type="module">
import { selfTest } from "./${SELF_TEST_FILE}";
const get = async (name) => await fetch(name);
try {
  const canary = await (await get("canary.json")).json();
  const answer = [];
  for (const entry of ${JSON.stringify(ENTRIES)}) {
    performance.clearResourceTimings(); // the binary is told by the file that was loaded
    const ort = await import("./ort/" + entry + ".bundle.min.mjs");
    ort.env.wasm.numThreads = 1;
    for (const file of ["model.onnx", "changed.onnx"]) {
      const model = new Uint8Array(await (await get(file)).arrayBuffer());
      const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
      const told = entry === "ort.jspi" ? {} : { ort, model }; // it works without, and tells less
      const result = await selfTest(session, canary, told);
      answer.push(result);
      const line = document.body.appendChild(document.createElement("p"));
      line.className = result.same;
      line.textContent = entry + ", " + file + ": " + result.text;
    }
  }
  await fetch("/answer", { method: "POST", body: JSON.stringify(answer) });
} catch (error) {
  await fetch("/failure", { method: "POST", body: error.stack });
}
</script>
`;

/** The same network, of which one int8 weight of the last layer is another. */
function withOneWeightChanged(model: Model): Model {
  const { initializer } = model.graph;
  const large = initializer.findLastIndex(({ dataType, dims }) =>
    dataType === TensorProto_DataType.INT8 && dims.length > 1
  );
  const bytes = initializer[large]!.rawData!.slice();
  bytes[0]! ^= 64;
  return model.withGraph({
    ...model.graph,
    initializer: initializer.with(large, { ...initializer[large]!, rawData: bytes }),
  });
}

const chromium = await findChromium();

Deno.test(
  "selfTest() in Chromium is green in every binary, and red once a weight was changed",
  { ignore: chromium === undefined },
  () =>
    inTempFolder(async (folder) => {
      const runtime = pacedRuntime();
      const model = await quantizeStatic(tinyModel(), tinyData().calibration, { runtime });
      const changed = withOneWeightChanged(model);
      const canary = await makeCanary(model, { runtime });
      await model.save(`${folder}/model.onnx`);
      await changed.save(`${folder}/changed.onnx`);
      await Deno.writeTextFile(`${folder}/canary.json`, JSON.stringify(canary));
      await Deno.writeTextFile(`${folder}/${SELF_TEST_FILE}`, SELF_TEST);
      await Deno.writeTextFile(`${folder}/index.html`, PAGE);
      const wasm = import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
      await Deno.symlink(fileURLToPath(new URL(".", wasm)), `${folder}/ort`);
      const answer: SelfTestResult[] = JSON.parse(
        await answerOfPage(chromium!, folder, "index.html"),
      );
      assert.equal(answer.length, 2 * BINARIES.length);
      for (const [index, binary] of BINARIES.entries()) {
        const [green, red] = answer.slice(2 * index);
        assert.ok(green!.same, green!.text);
        assert.equal(green!.runtime.binary, binary);
        assert.equal(red!.same, false, binary);
        assert.match(red!.text, /not compute|nearly computes/);
      }
    }),
);
