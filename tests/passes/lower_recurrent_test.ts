import assert from "node:assert/strict";
import { allNodes, constants } from "../../lib/onnx/graph.ts";
import { decodeModel, type Model } from "../../lib/onnx/model.ts";
import { raiseOpset } from "../../lib/onnx/opset.ts";
import { lowerGru } from "../../lib/passes/lower_gru.ts";
import { whyNotLowered } from "../../lib/passes/lower_recurrent.ts";
import { lowerRnn } from "../../lib/passes/lower_rnn.ts";
import { everywhere } from "../../lib/passes/pass.ts";
import type { Feeds, Tensor } from "../../lib/tensor/tensor.ts";
import { error, modelOf, random, readTensor, run } from "./fixtures.ts";
import { isThere, shared } from "../shared.ts";

const [STEPS, BATCH, INPUT, HIDDEN] = [5, 3, 4, 6];

interface Layer {
  readonly opType: "GRU" | "RNN";
  readonly directions?: 1 | 2;
  readonly attributes?: string;
  readonly bias?: boolean;
  readonly initial?: boolean;
  readonly lengths?: readonly number[];
  readonly outputs?: string;
}

/** A model of one recurrent layer, and something to feed it. */
function layerOf(layer: Layer): { model: Model; feeds: Feeds } {
  const { opType, directions = 1, attributes = "", bias, initial, lengths, outputs = "Y, Yh" } =
    layer;
  const gates = opType === "GRU" ? 3 : 1;
  const optional = (given: unknown, text: string) => given ? text : "";
  const model = modelOf(
    `input x float32[T, N, ${INPUT}]
     ${optional(initial, `input h0 float32[${directions}, N, ${HIDDEN}]`)}
     ${optional(lengths, "input lengths int32[N]")}
     ${optional(outputs.startsWith("Y"), `output Y float32[T, ${directions}, N, ${HIDDEN}]`)}
     ${optional(outputs.includes("Yh"), `output Yh float32[${directions}, N, ${HIDDEN}]`)}
     ${outputs} = ${opType}(x, W, R, ${bias ? "B" : '""'}, ${lengths ? "lengths" : '""'}, ${
      initial ? "h0" : '""'
    }) {hidden_size=${HIDDEN}${attributes && `, ${attributes}`}} @ /net/rnn/${opType}`,
    {
      W: random([directions, gates * HIDDEN, INPUT], 1, 0.5),
      R: random([directions, gates * HIDDEN, HIDDEN], 2, 0.5),
      ...bias ? { B: random([directions, 2 * gates * HIDDEN], 3, 0.5) } : {},
    },
  );
  const feeds: Record<string, Tensor> = { x: random([STEPS, BATCH, INPUT], 4) };
  if (initial) feeds.h0 = random([directions, BATCH, HIDDEN], 5);
  if (lengths) feeds.lengths = { type: "int32", dims: [BATCH], data: Int32Array.from(lengths) };
  return { model, feeds };
}

function lower(model: Model): Model {
  return model.withGraph(lowerRnn(lowerGru(model.graph)));
}

/** Checks that a layer is gone and what it computed is not. */
async function checkLowered(layer: Layer) {
  const { model, feeds } = layerOf(layer);
  const lowered = lower(model);
  const opTypes = Array.from(allNodes(lowered.graph), ({ opType }) => opType);
  assert.ok(!opTypes.includes(layer.opType));
  assert.equal(opTypes.filter((opType) => opType === "Scan").length, 1);
  const difference = error(await run(lowered, feeds), await run(model, feeds));
  assert.ok(difference < 1e-5, `${JSON.stringify(layer)}: ${difference}`);
}

Deno.test("lowerGru() computes what GRU does, in both reset modes and every direction", async () => {
  for (const mode of [0, 1]) {
    const reset = `linear_before_reset=${mode}`;
    await checkLowered({ opType: "GRU", attributes: reset });
    await checkLowered({ opType: "GRU", attributes: reset, bias: true, initial: true });
    const reverse = `${reset}, direction="reverse"`;
    await checkLowered({ opType: "GRU", attributes: reverse, bias: true });
    const both = `${reset}, direction="bidirectional"`;
    await checkLowered({
      opType: "GRU",
      directions: 2,
      attributes: both,
      bias: true,
      initial: true,
    });
  }
});

Deno.test("lowerGru() and lowerRnn() stop at the length of each sequence, also backwards", async () => {
  const attributes = 'direction="bidirectional"';
  for (const opType of ["GRU", "RNN"] as const) {
    for (const initial of [false, true]) {
      const lengths = [5, 2, 0];
      await checkLowered({ opType, directions: 2, attributes, bias: true, initial, lengths });
      await checkLowered({ opType, attributes: 'direction="reverse"', initial, lengths });
    }
  }
});

Deno.test("lowerGru() and lowerRnn() clip what goes into activations", async () => {
  for (const mode of [0, 1]) {
    const attributes = `clip=0.2, linear_before_reset=${mode}`;
    await checkLowered({ opType: "GRU", attributes, bias: true });
  }
  await checkLowered({ opType: "RNN", attributes: "clip=0.2", bias: true });
});

Deno.test("lowerGru() and lowerRnn() write only the outputs that are asked for", async () => {
  for (const opType of ["GRU", "RNN"] as const) {
    await checkLowered({ opType, outputs: "Y" });
    await checkLowered({ opType, outputs: '"", Yh' });
  }
});

Deno.test("lowerRnn() computes what RNN does, in every direction, with any plain activation", async () => {
  await checkLowered({ opType: "RNN" });
  await checkLowered({
    opType: "RNN",
    attributes: 'direction="reverse"',
    bias: true,
    initial: true,
  });
  await checkLowered({
    opType: "RNN",
    directions: 2,
    attributes: 'direction="bidirectional", activations=["Relu", "Tanh"]',
    bias: true,
    initial: true,
  });
});

Deno.test("lowerGru() takes other activations, each direction its own", async () => {
  await checkLowered({
    opType: "GRU",
    directions: 2,
    attributes: 'direction="bidirectional", activations=["Sigmoid", "Relu", "Sigmoid", "Softsign"]',
    bias: true,
  });
});

Deno.test("lowerGru() takes batches first, as onnxruntime itself does not", async () => {
  for (const lengths of [undefined, [5, 2, 1]]) {
    const { model, feeds } = layerOf({
      opType: "GRU",
      directions: 2,
      attributes: 'direction="bidirectional"',
      initial: true,
      ...lengths ? { lengths } : {},
    });
    const swapped = modelOf(
      `input x float32[N, T, ${INPUT}]
       input h0 float32[N, 2, ${HIDDEN}]
       ${lengths ? "input lengths int32[N]" : ""}
       output Y float32[N, T, 2, ${HIDDEN}]
       output Yh float32[N, 2, ${HIDDEN}]
       Y, Yh = GRU(x, W, R, "", ${lengths ? "lengths" : '""'}, h0) {
         hidden_size=${HIDDEN}, direction="bidirectional", layout=1}`,
      {
        W: random([2, 3 * HIDDEN, INPUT], 1, 0.5),
        R: random([2, 3 * HIDDEN, HIDDEN], 2, 0.5),
      },
    );
    const expected = await run(model, feeds);
    const { x, h0 } = feeds as { x: Tensor; h0: Tensor };
    const actual = await run(lower(swapped), {
      ...feeds,
      x: transpose(x, [1, 0, 2]),
      h0: transpose(h0, [1, 0, 2]),
    });
    assert.ok(
      error(actual, {
        Y: transpose(expected.Y!, [2, 0, 1, 3]),
        Yh: transpose(expected.Yh!, [1, 0, 2]),
      }) < 1e-5,
    );
  }
});

/** The slow plain way. */
function transpose(x: Tensor, perm: readonly number[]): Tensor {
  const dims = perm.map((axis) => x.dims[axis]!);
  const data = new Float32Array(x.data.length);
  const index = new Array<number>(dims.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[perm[axis]!] = rest % dims[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    const from = x.dims.reduce((offset, dim, axis) => offset * dim + index[axis]!, 0);
    data[i] = (x as Tensor<"float32">).data[from]!;
  }
  return { type: "float32", dims, data };
}

Deno.test("lowerGru() puts weights beside the nodes that use them, under the name of the layer", () => {
  const { model } = layerOf({ opType: "GRU", bias: true, attributes: "linear_before_reset=1" });
  const { graph } = lower(model);
  const scan = graph.node.find(({ opType }) => opType === "Scan")!;
  const body = scan.attribute.find(({ name }) => name === "body")!.g!;
  const products = [...graph.node, ...body.node].filter(({ opType }) => opType === "MatMul");
  assert.deepEqual(products.map(({ name }) => name), [
    "/net/rnn/GRU/input/MatMul",
    "/net/rnn/GRU/recurrent/MatMul",
  ]);
  const [projection, recurrence] = products;
  const outer = constants(graph).get(projection!.input[1]!);
  assert.deepEqual(outer?.dims, [BigInt(INPUT), BigInt(3 * HIDDEN)]);
  const inner = constants(body).get(recurrence!.input[1]!);
  assert.deepEqual(inner?.dims, [BigInt(HIDDEN), BigInt(3 * HIDDEN)]);
  assert.ok(!graph.initializer.some(({ name }) => ["W", "R", "B"].includes(name)));
});

Deno.test("lowerGru() leaves layers that are not selected, and says why it must leave others", () => {
  const { model } = layerOf({ opType: "GRU", attributes: 'activations=["HardSigmoid", "Tanh"]' });
  assert.equal(lowerGru(model.graph), model.graph);
  const why = (model: Model) => whyNotLowered(model.graph.node[0]!, constants(model.graph));
  assert.match(why(model)!, /^its activation HardSigmoid is not one of Relu, /);
  const plain = layerOf({ opType: "GRU" }).model;
  assert.equal(why(plain), undefined);
  assert.equal(lowerGru(plain.graph, undefined, { select: () => false }), plain.graph);
  const double = modelOf("Y = GRU(x, W, R)", {
    W: { type: "float64", dims: [1, 3, 0], data: new Float64Array() },
  });
  assert.equal(why(double), "its weights are not float32");
  assert.equal(why(modelOf("Y = GRU(x, W, R)")), "its hidden size is not known");
});

Deno.test("everywhere(lowerGru) goes into bodies", async () => {
  const model = modelOf(
    `input x float32[T, N, 2]
     input flag bool[]
     output y float32[1, N, 2]
     y = If(flag) {then_branch=graph a {
       output t float32[1, N, 2]
       s, t = GRU(x, W, R) {hidden_size=2}
     }, else_branch=graph b {
       output e float32[1, N, 2]
       s, e = GRU(x, W, R) {hidden_size=2, direction="reverse"}
     }}`,
    { W: random([1, 6, 2], 1), R: random([1, 6, 2], 2) },
  );
  const lowered = model.withGraph(
    everywhere((graph, context) => lowerGru(graph, context))(model.graph),
  );
  for (const value of [0, 1]) {
    const flag = { type: "bool", dims: [], data: Uint8Array.of(value) } as const;
    const feeds = { x: random([3, 2, 2], 3), flag };
    assert.ok(error(await run(lowered, feeds), await run(model, feeds)) < 1e-5);
  }
  assert.ok(!Array.from(allNodes(lowered.graph)).some(({ opType }) => opType === "GRU"));
});

const NODE_TESTS = shared("onnx-node-tests/node/");

Deno.test({
  name: "lowerGru() and lowerRnn() give what the ONNX standard's own tests expect",
  ignore: !isThere(NODE_TESTS),
  async fn() {
    const folders = Array.from(Deno.readDirSync(NODE_TESTS), ({ name }) => name)
      .filter((name) => /^test_(simple_)?(gru|rnn)_/.test(name));
    assert.equal(folders.length, 8);
    for (const name of folders) {
      const bytes = Deno.readFileSync(new URL(`${name}/model.onnx`, NODE_TESTS));
      // Weights are inputs there, so that they are prepared when the model runs.
      const model = raiseOpset(decodeModel(bytes, name), 14);
      const lowered = lower(model);
      assert.ok(!lowered.graph.node.some(({ opType }) => /GRU|RNN/.test(opType)), name);
      const data = new URL(`${name}/test_data_set_0/`, NODE_TESTS);
      const tensors = (values: readonly { name: string }[], kind: string) =>
        Object.fromEntries(
          values.map(({ name }, i) => [name, readTensor(new URL(`${kind}_${i}.pb`, data))]),
        );
      const results = await run(lowered, tensors(model.graph.input, "input"));
      assert.ok(error(results, tensors(model.graph.output, "output")) < 1e-5, name);
    }
  },
});
