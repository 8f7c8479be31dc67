import assert from "node:assert/strict";
import { decide } from "../../lib/quantize/decide.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { dynamicInt8, float32, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { ablatedLayers, type LayerChoice } from "../../lib/task/ablation_layers.ts";
import { encoder } from "../passes/transformer_fixture.ts";
import { tinyModel } from "./tiny.ts";

const { graph } = tinyModel();
const decisions = decide(graph, qconfigMapping({ default: staticInt8() }));

const pathsOf = (choice: LayerChoice) =>
  ablatedLayers(decisions, "tiny.onnx", choice).map(({ path }) => path);

Deno.test("ablatedLayers() are those that compute, or the modules that they are in", () => {
  assert.deepEqual(pathsOf({}), ["front.conv1", "front.conv2", "head"]);
  assert.deepEqual(pathsOf({ depth: 1 }), ["front", "head"]);
});

Deno.test("ablatedLayers() takes layers by module path, or by a node that they hold", () => {
  assert.deepEqual(pathsOf({ names: ["front"] }), ["front.conv1", "front.conv2"]);
  assert.deepEqual(pathsOf({ names: ["/front/relu1/Relu", "head"] }), ["front.conv1", "head"]);
});

Deno.test("ablatedLayers() joins the parts of a transformer, and takes them by name", () => {
  const dynamic = decide(
    encoder().graph,
    qconfigMapping({ default: dynamicInt8({ otherwise: weightOnly() }), onUnsupported: "float32" }),
  );
  const parts = (choice: LayerChoice) =>
    ablatedLayers(dynamic, "encoder.onnx", { parts: true, ...choice })
      .map(({ name, nodes }) => `${name}: ${nodes.join(", ")}`);
  const attention = "attention 0: query, key, value, out";
  assert.deepEqual(parts({}), ["embedding: embedding", attention, "feed-forward 0: up, down"]);
  assert.deepEqual(parts({ names: ["attention"] }), [attention]);
  assert.throws(() => pathsOf({ parts: true }), /tiny.onnx by part: .* no attention was found/);
});

Deno.test("ablatedLayers() names the nearest where no layer has a name", () => {
  assert.throws(
    () => pathsOf({ names: ["heat"] }),
    /Cannot ablate the layer "heat": no int8 layer has this name or module path; nearest are "head"/,
  );
  assert.throws(
    () => pathsOf({ names: ["q"] }),
    /`inspect` lists the nodes and their module paths/,
  );
});

Deno.test("ablatedLayers() says so where the mapping makes nothing int8", () => {
  const none = decide(graph, qconfigMapping({ default: float32 }));
  assert.throws(
    () => ablatedLayers(none, "tiny.onnx"),
    /Cannot ablate tiny.onnx: the mapping makes no layer int8; try other forms, such as dynamicInt8/,
  );
});
