import assert from "node:assert/strict";
import { allNodes } from "../../lib/onnx/graph.ts";
import { readModel } from "../../lib/onnx/file.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { raiseOpset } from "../../lib/onnx/opset.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { lowerGru } from "../../lib/passes/lower_gru.ts";
import { anyFeeds } from "./any_feeds.ts";
import { error, run } from "./fixtures.ts";
import { isThere, shared } from "../shared.ts";

function count(model: Model, opType: string): number {
  return Array.from(allNodes(model.graph)).filter((node) => node.opType === opType).length;
}

/** Fuses a file and compares outputs. Returns both models and the relative error. */
async function fuseFile(path: URL, folder: string) {
  const model = await readModel(path);
  const fused = fuse(model);
  const feeds = anyFeeds(model, folder);
  const difference = error(await run(fused, feeds), await run(model, feeds));
  return { model, fused, difference };
}

const MODELS = shared("models/");

Deno.test({
  name:
    "fuse() takes in every BatchNormalization of DenseNet, with weights that the file does not hold",
  ignore: !isThere(shared("onnx-node-tests/light/")),
  async fn() {
    const path = shared("onnx-node-tests/light/light_densenet121.onnx");
    const fused = fuse(await readModel(path)); // runs take long; small graphs keep their outputs
    assert.equal(count(fused, "BatchNormalization"), 0);
    // BatchNormalization, Mul and Add in a row are one Mul and one Add
    assert.equal(count(fused, "Mul"), 121);
  },
});

const SAMPLE = new URL("../../lib/data/visemes/lipnet.onnx", import.meta.url);

Deno.test({
  name:
    "fuse() leaves no BatchNormalization in the bundled sample, plain GRU weights, and its logits",
  ignore: !isThere(SAMPLE),
  async fn() {
    const { fused, difference } = await fuseFile(SAMPLE, "visemes");
    assert.ok(difference < 1e-5, `${difference}`);
    assert.equal(count(fused, "BatchNormalization"), 0);
    assert.equal(count(fused, "Conv"), 20);
    assert.equal(fused.fused.length, 20);
    const initializers = new Set(fused.graph.initializer.map(({ name }) => name));
    const layers = fused.graph.node.filter(({ opType }) => opType === "GRU");
    assert.equal(layers.length, 2);
    for (const { input } of layers) {
      assert.equal(input.length, 4); // no initial state
      for (const name of input.slice(1)) assert.ok(initializers.has(name), name);
    }
  },
});

/** Networks with GRU layers, and how many. */
const RECURRENT: readonly (readonly [URL, string, number])[] = [
  [SAMPLE, "visemes", 2],
  [new URL("gtcrn/gtcrn_simple.onnx", MODELS), "gtcrn", 14],
  [new URL("syllable-gru/syllable_model.onnx", MODELS), "syllable-gru", 2],
];

for (const [path, folder, layers] of RECURRENT) {
  Deno.test({
    name: `lowerGru() keeps the outputs of ${folder}`,
    ignore: !isThere(path),
    async fn() {
      const model = await readModel(path);
      const fused = fuse(model);
      const raised = fused.opset < 13 ? raiseOpset(fused, 13) : fused;
      const lowered = raised.withGraph(lowerGru(raised.graph));
      assert.equal(count(lowered, "GRU"), 0);
      assert.equal(count(lowered, "Scan"), layers);
      const feeds = anyFeeds(model, folder);
      assert.ok(error(await run(lowered, feeds), await run(model, feeds)) < 1e-5);
    },
  });
}
