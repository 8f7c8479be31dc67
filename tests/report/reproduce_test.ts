import assert from "node:assert/strict";
import { ablationFacts, reproduceStudy, studyFacts } from "../../lib/report/reproduce.ts";
import { ablationOf } from "./ablation_fixture.ts";
import { studyOf, sweepStudy } from "./fixture.ts";

Deno.test("studyFacts() names model, data, metric, versions and machine, each with its hash", () => {
  const facts = studyFacts(studyOf([]));
  assert.deepEqual(facts.map(({ name }) => name), [
    "model",
    "model SHA-256",
    "data",
    "calibration split",
    "selection split",
    "test split",
    "metric",
    "deno",
    "onnxruntime-web",
    "v8",
    "machine",
    "latency of float32",
  ]);
  const text = (name: string) => facts.find((fact) => fact.name === name)!.text;
  assert.equal(text("model"), "lipnet.onnx: 7.62 MB, opset 17, 74 nodes, 1,891,240 parameters");
  assert.equal(text("metric"), "top-1, higher is better; budget 0.5 points");
  assert.match(text("latency of float32"), /^about 21\.8 ms on that machine/);
});

Deno.test("studyFacts() adds the winner's key, hash and file, and what was taken from earlier", () => {
  const study = sweepStudy();
  study.provenance.reused = 4;
  study.provenance.revision = "abc123";
  study.collapsed = [{ name: "a", sameAs: "b" }];
  const facts = new Map(studyFacts(study).map(({ name, text }) => [name, text]));
  assert.equal(facts.get("re-used"), "4 of 30 trials from an earlier run");
  assert.equal(facts.get("same models"), "a gives that of b");
  assert.equal(facts.get("revision"), "abc123");
  assert.equal(facts.get("winner's file"), "models/best.onnx");
  assert.equal(facts.get("winner's key"), study.winner!.key);
});

Deno.test("ablationFacts() has no machine where nothing was timed", () => {
  const names = (record = ablationOf()) => ablationFacts(record).map(({ name }) => name);
  assert.ok(names().includes("machine"));
  assert.ok(!names(ablationOf({ timing: undefined })).includes("machine"));
});

Deno.test("reproduceStudy() shows the command, and the recipe of a winner where there is one", () => {
  const text = (study = sweepStudy()) =>
    reproduceStudy(study).blocks.map((block) => block.markdown()).join("");
  assert.match(text(), /^```sh\ndeno task sweep --out octavo-out\n```/);
  assert.match(text(), /Configuration of the study[^]*Recipe of the winner/);
  assert.doesNotMatch(text(studyOf([])), /Recipe of the winner/);
});
