import assert from "node:assert/strict";
import { entriesOf } from "../../lib/report/trials.ts";
import { useSection } from "../../lib/report/use_it.ts";
import { studyOf, sweepStudy } from "./fixture.ts";

Deno.test("useSection() names the winner's file, the runtime's, and how to have threads", () => {
  const { blocks } = useSection(sweepStudy())!;
  const text = blocks.map((block) => block.markdown()).join("\n");
  assert.match(text, /InferenceSession\.create\("\/best\.onnx"/);
  assert.match(text, /\| best\.onnx: 2\.17 MB \|/);
  assert.match(text, /ort-wasm-simd-threaded\.wasm: 14\.2 MB, 2\.83 MB after brotli/);
  assert.match(text, /"onnxruntime-web" fetches 5\.00 MB/);
  assert.match(text, /Cross-Origin-Embedder-Policy: require-corp/);
  assert.match(text, /deno task init --page and this folder write a page/);
  assert.match(text, /deno task canary with this folder and --out canary\.json writes some kB/);
});

Deno.test("useSection() sets the threads that the study was measured with", () => {
  const study = sweepStudy();
  const four = { ...study, provenance: { ...study.provenance, threads: 4 } };
  const text = useSection(four)!.blocks.map((block) => block.markdown()).join("\n");
  assert.equal(text.match(/numThreads = 4;/g)?.length, 2);
});

Deno.test("useSection() imports the runtime that the study was measured in, and says whose sizes it knows", () => {
  const study = sweepStudy();
  const versions = { ...study.provenance.versions, "onnxruntime-web": "1.31.0" };
  const other = { ...study, provenance: { ...study.provenance, versions } };
  const text = useSection(other)!.blocks.map((block) => block.markdown()).join("\n");
  assert.match(text, /from "npm:onnxruntime-web@1\.31\.0"/);
  assert.match(text, /\(sizes of 1\.30\.0\)/);
});

Deno.test("useSection() says what the times hold in, where the code loads another binary", () => {
  const study = sweepStudy();
  const runtime = { engine: "Deno 2.9.6", release: "1.30.0", binary: "jsep" } as const;
  const jsep = { ...study, provenance: { ...study.provenance, runtime } };
  const [before, text] = [study, jsep].map((one) =>
    useSection(one)!.blocks.map((block) => block.markdown()).join("\n")
  );
  assert.match(before!, /onnxruntime-web 1\.30\.0, plain binary, 1 thread, Deno \|/);
  assert.match(text!, /jsep binary, 1 thread, Deno 2\.9\.6; the lines above load the plain binary/);
});

Deno.test("useSection() adds runtime and model up, and counts nodes, where the record has them", () => {
  const study = sweepStudy();
  const { winner } = entriesOf(study);
  const counted = {
    ...study,
    model: {
      ...study.model,
      download: { gzip: 7_000_000, brotli: 6_651_344 },
      nodeCounts: { file: 380, executed: 120 },
    },
    trials: study.trials.map((trial) =>
      trial === winner!.trial
        ? {
          ...trial,
          download: { gzip: 2_000_000, brotli: 1_901_344 },
          nodes: { file: 1261, executed: 402 },
        }
        : trial
    ),
  };
  const text = useSection(counted)!.blocks.map((block) => block.markdown()).join("\n");
  // 23,498 + 2,825,158 bytes of the runtime, and the model's.
  assert.match(
    text,
    /in all \| runtime and model 4\.75 MB after brotli, with the float32 network 9\.50 MB \(×0\.50\)/,
  );
  assert.match(text, /nodes \| 402 of 1,261 run, of float32's 120 of 380;/);
  assert.match(text, /wasmPaths = \{ mjs: "\/ort-wasm-simd-threaded\.mjs", wasm: /);
  const without = useSection(study)!.blocks.map((block) => block.markdown()).join("\n");
  assert.doesNotMatch(without, /in all|nodes \|/);
});

Deno.test("useSection() has nothing to say where no file was kept", () => {
  assert.equal(useSection(studyOf([{ name: "a", family: "static" }])), undefined);
});
