import assert from "node:assert/strict";
import { decide } from "../../lib/quantize/decide.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, float32, type QConfig, staticInt8 } from "../../lib/quantize/qconfig.ts";
import {
  type AblationMode,
  hasMode,
  makeVariant,
  modeMapping,
} from "../../lib/study/ablation_mode.ts";
import { joinLayers } from "../../lib/study/effect_ask.ts";
import { stored } from "../quantize/fixture.ts";
import { branchedModel, pictures, rangesOf } from "../replay/network.ts";

const base = branchedModel();

/** All layers static, but the head as it is asked. */
function source(head: QConfig = staticInt8()) {
  const mapping = qconfigMapping({ default: staticInt8(), rules: [["head", head]] });
  return { base, mapping, decisions: decide(base.graph, mapping) };
}

const layer = (...nodes: string[]) => ({ name: nodes[0]!, path: "", ops: [], nodes });

/** Names of the nodes that a mode makes other than float32, of those that compute. */
function quantizedNodes(mode: AblationMode, nodes: readonly string[], from = source()): string[] {
  const { all } = decide(base.graph, modeMapping(mode, { nodes }, from));
  return all.filter(({ applied, node }) =>
    applied.kind !== "float32" && /Conv|Gemm/.test(node.opType)
  )
    .map(({ node }) => node.name);
}

Deno.test("modeMapping() makes one layer int8, or all but it", () => {
  assert.deepEqual(quantizedNodes("only", ["conv2"]), ["conv2"]);
  assert.deepEqual(quantizedNodes("allBut", ["conv2"]), ["conv1", "side", "head"]);
  assert.deepEqual(quantizedNodes("activations", ["side"]), ["side"]);
});

Deno.test("modeMapping() takes a joined layer as one", () => {
  const { nodes } = joinLayers(layer("conv1", "relu1"), layer("head"));
  assert.deepEqual(nodes, ["conv1", "relu1", "head"]);
  assert.deepEqual(quantizedNodes("only", nodes), ["conv1", "head"]);
  assert.deepEqual(quantizedNodes("allBut", nodes), ["conv2", "side"]);
});

Deno.test("modeMapping() keeps the form that is asked of each node", () => {
  const from = source(dynamicInt8());
  const { all } = decide(base.graph, modeMapping("only", { nodes: ["head"] }, from));
  assert.equal(all.find(({ node }) => node.name === "head")!.applied.kind, "dynamic");
  assert.deepEqual(quantizedNodes("only", ["head"], source(float32)), []);
});

Deno.test("hasMode() says that weights and activations are apart in static layers only", () => {
  const { decisions } = source(dynamicInt8());
  const modes = ["only", "allBut", "weights", "activations"] as const;
  const of = (...nodes: string[]) =>
    modes.filter((mode) => hasMode(mode, layer(...nodes), decisions));
  assert.deepEqual(of("conv1", "relu1"), [...modes]);
  assert.deepEqual(of("head"), ["only", "allBut"]);
  assert.deepEqual(of("conv2", "head"), ["only", "allBut"], "not all of it is static");
});

Deno.test("makeVariant() rounds the weights of a layer, its activations, or both", async () => {
  const calibration = await rangesOf(base, pictures(4));
  const make = (mode: AblationMode) =>
    makeVariant(mode, { nodes: ["conv2"] }, source(), calibration).graph;
  const has = (mode: AblationMode) => {
    const { initializer, node } = make(mode);
    return {
      float: initializer.some(({ name }) => name === "w2"),
      activations: node.some(({ opType }) => opType === "QuantizeLinear"),
    };
  };
  assert.deepEqual(has("only"), { float: false, activations: true });
  assert.deepEqual(has("activations"), { float: true, activations: true });
  assert.deepEqual(has("weights").activations, false);
  assert.ok(stored(base, "w2"), "the base itself is left as it was");
});
