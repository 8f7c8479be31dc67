import assert from "node:assert/strict";
import type { GraphProto } from "../../../lib/onnx/onnx_pb.ts";
import { decide, nodeIdentities } from "../../../lib/quantize/decide.ts";
import { mappingOfRecipe } from "../../../lib/quantize/from_recipe.ts";
import type { Recipe } from "../../../lib/record/recipe.ts";
import { recipeFamily, recipeName } from "../../../lib/record/recipe_name.ts";
import { describeQConfig } from "../../../lib/quantize/qconfig.ts";
import { resolveMapping } from "../../../lib/quantize/mapping.ts";
import { parseSweepConfig } from "../../../lib/config/parse_sweep_config.ts";
import { expandGrid } from "../../../lib/strategy/sweep/grid.ts";
import { PLACEMENTS } from "../../../lib/quantize/placements.ts";
import { modelOf } from "../../quantize/fixture.ts";
import { tinyModel } from "../../task/tiny.ts";

/** A network that lowering leaves as it is. */
const alike = (graph: GraphProto) => ({ fused: graph, lowered: graph });

const names = (config: string, model = tinyModel()) =>
  expandGrid(parseSweepConfig(config), alike(model.graph)).recipes.map(recipeName);

/** A network without a Conv. */
const mlp = modelOf(
  `graph mlp
  input x float32[N, 64]
  output y float32[N, 16]
  h = Gemm(x, w1)
  r = Relu(h)
  y = Gemm(r, w2)`,
  { w1: [64, 64], w2: [64, 16] },
);

Deno.test("expandGrid() is the product of placements, weights and observers, float32 first", () => {
  const config = `{
    "placements": ["mixed"],
    "percentiles": [99.9, 99.99],
    "weights": ["per-channel", "per-tensor"]
  }`;
  assert.deepEqual(names(config), [
    "float32",
    "mixed · lp-norm 2.4 · per-channel",
    "mixed · percentile 99.9 · per-channel",
    "mixed · percentile 99.99 · per-channel",
    "mixed · lp-norm 2.4 · per-tensor",
    "mixed · percentile 99.9 · per-tensor",
    "mixed · percentile 99.99 · per-tensor",
  ]);
});

Deno.test("expandGrid() takes points together that come to the same model, and says so", () => {
  const config = `{
    "placements": ["rnn-dynamic"],
    "weights": ["per-tensor"],
    "observers": ["lp-norm", "percentile"]
  }`;
  const grid = expandGrid(parseSweepConfig(config), alike(tinyModel().graph));
  assert.deepEqual(grid.recipes.map(recipeName), [
    "float32",
    "rnn-dynamic · per-tensor",
  ]);
  assert.deepEqual(grid.collapsed, [{
    name: "rnn-dynamic · percentile 99.99 · per-tensor",
    sameAs: "rnn-dynamic · per-tensor",
  }]);
});

Deno.test("expandGrid() gives each observer the parameters that make a difference to it", () => {
  const config = `{
    "placements": ["mixed"],
    "observers": ["min-max", "percentile", "lp-norm", "entropy", "moving-average"],
    "percentiles": [99.9, 99.99],
    "powers": [2, 2.4],
    "bins": [512, 4096],
    "weights": ["per-tensor-mse"]
  }`;
  const observers = names(config).slice(1).map((name) => name.split(" · ")[1]);
  assert.deepEqual(observers, [
    "min-max",
    "percentile 99.9 of 512 bins",
    "percentile 99.9",
    "percentile 99.99 of 512 bins",
    "percentile 99.99",
    "lp-norm 2 of 512 bins",
    "lp-norm 2",
    "lp-norm 2.4 of 512 bins",
    "lp-norm 2.4",
    "entropy of 512 bins",
    "entropy",
    "moving-average",
  ]);
  assert.match(names(config)[1]!, / · per-tensor-mse$/);
});

Deno.test("expandGrid() counts calibration samples where something is calibrated", () => {
  const config = `{ "placements": ["mixed", "rnn-dynamic"], "calibrationSizes": [1, 16, "all"] }`;
  const grid = expandGrid(parseSweepConfig(config), alike(tinyModel().graph));
  assert.deepEqual(
    grid.recipes.map((recipe) => [recipeName(recipe), recipe.samples]),
    [
      ["float32", undefined],
      ["mixed · lp-norm 2.4 · per-channel · 1 sample", 1],
      ["mixed · lp-norm 2.4 · per-channel · 16 samples", 16],
      ["mixed · lp-norm 2.4 · per-channel", undefined],
      ["rnn-dynamic · per-channel", undefined],
    ],
  );
  assert.deepEqual(grid.collapsed.map(({ name }) => name), [
    "rnn-dynamic · lp-norm 2.4 · per-channel · 16 samples",
    "rnn-dynamic · lp-norm 2.4 · per-channel",
  ]);
});

Deno.test("expandGrid() corrects what is static, each set of corrections once", () => {
  const config = `{
    "placements": ["cnn-static", "rnn-dynamic"],
    "corrections": ["none", "bias", ["bias", "equalize"], ["equalize", "bias"]]
  }`;
  const grid = expandGrid(parseSweepConfig(config), alike(tinyModel().graph));
  const found = grid.recipes.map((recipe) => [recipeName(recipe), recipe.corrections ?? []]);
  assert.deepEqual(found, [
    ["float32", []],
    ["cnn-static · lp-norm 2.4 · per-channel", []],
    ["cnn-static · lp-norm 2.4 · per-channel · bias", ["bias"]],
    ["cnn-static · lp-norm 2.4 · per-channel · equalize + bias", ["equalize", "bias"]],
    ["rnn-dynamic · per-channel", []],
  ]);
  assert.equal(grid.collapsed.length, 2);
});

Deno.test("expandGrid() finds cnn-static to be float32, and mixed rnn-dynamic, without a Conv", () => {
  const placements = JSON.stringify(Object.keys(PLACEMENTS));
  const config =
    `{ "placements": ${placements}, "observers": ["min-max"], "weights": ["per-channel"] }`;
  const grid = expandGrid(parseSweepConfig(config), alike(mlp.graph));
  assert.deepEqual(grid.recipes.map(recipeName), [
    "float32",
    "rnn-dynamic · per-channel",
    "compact · per-channel",
    "all · min-max · per-channel",
  ]);
  assert.deepEqual(grid.collapsed.map(({ sameAs }) => sameAs), [
    "float32",
    "rnn-dynamic · per-channel",
  ]);
});

Deno.test("expandGrid() takes mappings of one's own, with observers of their own", () => {
  const config = `{
    "placements": ["own"],
    "observers": ["min-max"],
    "weights": ["per-channel", "per-tensor"],
    "mappings": {
      "own": {
        "default": { "kind": "static", "percentile": 99.5 },
        "rules": [["front.conv1", "float32"], [{ "op": "Gemm" }, "dynamic"]]
      }
    }
  }`;
  const grid = expandGrid(parseSweepConfig(config), alike(tinyModel().graph));
  assert.deepEqual(grid.recipes.map((recipe) => [recipeName(recipe), recipeFamily(recipe)]), [
    ["float32", "float32"],
    ["own · per-channel", "own"],
    ["own · per-tensor", "own"],
  ]);
  const { graph } = tinyModel();
  const forms = (recipe: Recipe) =>
    decide(graph, mappingOfRecipe(recipe, nodeIdentities(graph))).all
      .map(({ applied }) => describeQConfig(applied));
  assert.equal(forms(grid.recipes[1]!)[0], "float32");
  assert.equal(forms(grid.recipes[1]!)[2], "static (percentile 99.5, per-channel)");
  assert.equal(forms(grid.recipes[2]!).at(-1), "dynamic (per-tensor)");
});

Deno.test("expandGrid() gives every configuration a name of its own", () => {
  const { graph } = tinyModel();
  // Another object is another network to the grid, be it of the same nodes.
  const graphs = { fused: graph, lowered: { ...graph } };
  const grid = expandGrid(parseSweepConfig("{}"), graphs).recipes;
  const all = grid.map(recipeName);
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.length >= 10 && all.length <= 16, `${all.length} configurations`);
  assert.deepEqual(grid.filter(({ base }) => base === "lowered").map(recipeName), [
    "lowered · float32",
    "lowered · compact · lp-norm 2.4 · per-channel",
    "lowered · compact · percentile 99.99 · per-channel",
  ]);
});

Deno.test("expandGrid() takes a lowered network for the fused one where lowering did nothing", () => {
  const config = `{ "placements": ["mixed"], "observers": ["min-max"], "rewrites": ["lowered"] }`;
  const grid = expandGrid(parseSweepConfig(config), alike(tinyModel().graph));
  assert.deepEqual(grid.recipes.map(recipeName), [
    "float32",
    "lowered · mixed · min-max · per-channel",
  ]);
});

Deno.test("expandGrid() measures a point once that lies in two products", () => {
  const config = `{
    "placements": ["mixed"],
    "more": [{ "placements": ["mixed"], "observers": ["percentile"], "percentiles": [99.99, 99.9] }]
  }`;
  const { recipes, collapsed } = expandGrid(
    parseSweepConfig(config),
    alike(tinyModel().graph),
  );
  assert.equal(recipes.length, 4); // with float32
  assert.deepEqual(collapsed, []);
});

Deno.test("placements give Linear and recurrent layers what their name says", () => {
  const nodes = ["Conv", "GRU", "Gemm"].map((opType) => ({ name: opType, opType, path: "" }));
  const defaults = {
    observer: { name: "min-max", range: () => ({ min: 0, max: 1 }) },
    weights: { name: "per-channel", granularity: "channel" as const },
  };
  const kinds = Object.entries(PLACEMENTS).map(([name, placement]) => {
    const resolved = resolveMapping(placement(nodes, defaults), nodes);
    return [name, ...resolved.map(({ qconfig }) => describeQConfig(qconfig).split(" ")[0])];
  });
  assert.deepEqual(kinds, [
    ["float32", "float32", "float32", "float32"],
    ["cnn-static", "static", "float32", "float32"],
    ["rnn-dynamic", "float32", "dynamic", "dynamic"],
    ["mixed", "static", "dynamic", "dynamic"],
    ["compact", "static", "weightOnly", "static"],
    ["all", "static", "dynamic", "static"],
  ]);
});

Deno.test("expandGrid() leaves rnn-dynamic out where there is no such layer and nobody asked for it", () => {
  assert.ok(!names("{}").some((name) => name.startsWith("rnn-dynamic")));
  assert.ok(names(`{ "placements": ["rnn-dynamic"] }`).some((name) => name.startsWith("rnn")));
  const gru = modelOf(
    "input x float32[T, N, 8]; output y float32[T, 1, N, 8]; y = GRU(x, w, r) {hidden_size=8}",
    { w: [1, 24, 8], r: [1, 24, 8] },
  );
  assert.ok(names("{}", gru).some((name) => name.startsWith("rnn-dynamic")));
});

Deno.test("expandGrid() leaves a slow layer out of every placement but all, and says so in the recipe", () => {
  const { graph } = tinyModel();
  const layer = { nodes: ["/front/conv1/Conv", "/front/relu1/Relu"], int8Ms: 2, float32Ms: 0.5 };
  const config = parseSweepConfig(`{
    "placements": ["cnn-static", "rnn-dynamic", "all", "mine"],
    "mappings": { "mine": { "default": "static", "rules": [["front.conv2", "float32"]] } }
  }`);
  const { recipes } = expandGrid(config, alike(graph), { slow: { fused: [layer] } });
  const slowIn = Object.fromEntries(recipes.map((recipe) => [
    recipe.kind === "mapping" ? recipe.name : recipe.kind === "configuration" && recipe.placement,
    recipe.kind === "configuration" ? recipe.slow : undefined,
  ]));
  assert.deepEqual(slowIn, {
    ...{ "float32": undefined, "cnn-static": [layer], "rnn-dynamic": undefined },
    ...{ all: undefined, mine: undefined },
  });
  const { all } = decide(graph, mappingOfRecipe(recipes[1]!, nodeIdentities(graph)));
  const forms = all.flatMap(({ node: { opType }, applied }) =>
    opType === "Conv" ? [applied.kind] : []
  );
  assert.deepEqual(forms, ["weightOnly", "static"]);
});

Deno.test("expandGrid() says in recipes of the lowered form what its float32 Convs are written as", () => {
  const { graph } = tinyModel();
  const config = parseSweepConfig(`{
    "rewrites": ["fused", "lowered"],
    "placements": ["float32", "mine"],
    "mappings": { "mine": { "default": "static", "rules": [["front.conv2", "float32"]] } }
  }`);
  const convs = {
    "/front/conv1/Conv": "winograd 4x4",
    "/front/conv2/Conv": "winograd 2x2",
  } as const;
  const { recipes } = expandGrid(config, alike(graph), { convs });
  const written = recipes.map(({ base, kind, convs }) => [base, kind, Object.keys(convs ?? {})]);
  assert.deepEqual(written, [
    ["fused", "configuration", []],
    ["fused", "mapping", []],
    ["lowered", "configuration", ["/front/conv1/Conv", "/front/conv2/Conv"]],
    ["lowered", "mapping", ["/front/conv2/Conv"]],
  ]);
});
