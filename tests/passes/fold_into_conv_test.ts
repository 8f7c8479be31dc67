import assert from "node:assert/strict";
import { parseGraph, printGraph } from "../../lib/onnx/text.ts";
import { foldIntoConv } from "../../lib/passes/fold_into_conv.ts";
import { batchNorm, error, modelOf, random, run } from "./fixtures.ts";

const BN = "bn.weight, bn.bias, bn.mean, bn.var";

Deno.test("foldIntoConv() scales and shifts by hand-worked numbers", () => {
  const graph = parseGraph(`
    input x float32[N, 1, L]
    output y float32[N, 2, L]
    tensor conv.weight float32[2, 1, 1] = [1.0, 3.0]
    tensor bn.weight float32[2] = [4.0, 1.0]
    tensor bn.bias float32[2] = [5.0, 0.0]
    tensor bn.mean float32[2] = [1.0, 2.0]
    tensor bn.var float32[2] = [3.0, 0.0]
    h = Conv(x, conv.weight)
    y = BatchNormalization(h, ${BN}) {epsilon=1.0}`);
  // scale 4 / sqrt(3 + 1) = 2 and 1; shift 5 - 1 * 2 = 3 and 0 - 2 * 1
  const text = printGraph(foldIntoConv(graph));
  assert.match(text, /tensor conv.weight float32\[2, 1, 1\] = \[2.0, 3.0\]/);
  assert.match(text, /tensor conv.bias float32\[2\] = \[3.0, -2.0\]/);
  assert.match(text, /\ny = Conv\(x, conv.weight, conv.bias\)\n$/);
});

Deno.test("foldIntoConv() keeps the output of 1d to 3d, grouped and transposed convolutions", async () => {
  const groups = 2;
  for (const rank of [3, 4, 5]) {
    const space = [7, 6, 5].slice(0, rank - 2);
    const kernel = [3, 2, 3].slice(0, rank - 2);
    const any = space.map((_, i) => `d${i}`).join(", ");
    for (
      const [opType, dims] of [["Conv", [6, 2, ...kernel]], ["ConvTranspose", [
        4,
        3,
        ...kernel,
      ]]] as const
    ) {
      for (const bias of ["", ", conv.bias"]) {
        const model = modelOf(
          `input x float32[N, 4, ${space.join(", ")}]
           output y float32[N, 6, ${any}]
           h = ${opType}(x, conv.weight${bias}) {group=${groups}, strides=[${kernel.map(() => 2)}]}
           y = BatchNormalization(h, ${BN})`,
          {
            "conv.weight": random(dims, rank),
            ...bias ? { "conv.bias": random([6], 9) } : {},
            ...batchNorm("bn", 6, 10),
          },
        );
        const folded = model.withGraph(foldIntoConv(model.graph));
        assert.deepEqual(folded.graph.node.map((node) => node.opType), [opType]);
        const x = random([2, 4, ...space], 20);
        assert.ok(error(await run(folded, { x }), await run(model, { x })) < 1e-6);
      }
    }
  }
});

Deno.test("foldIntoConv() takes in constants per channel and single numbers, as many as follow", async () => {
  const model = modelOf(
    `input x float32[N, 3, H, W]
     output y float32[N, 4, H, W]
     tensor ten float32[] = [10.0]
     a = Conv(x, w, b)
     c = Mul(scale, a)
     d = Sub(c, shift)
     e = Div(d, ten)
     y = Sub(ten, e)`,
    {
      w: random([4, 3, 1, 1], 1),
      b: random([4], 2),
      scale: random([1, 4, 1, 1], 3),
      shift: random([4, 1, 1], 4),
    },
  );
  const folded = model.withGraph(foldIntoConv(model.graph));
  assert.deepEqual(folded.graph.node.map((node) => node.opType), ["Conv"]);
  const x = random([1, 3, 5, 5], 5);
  assert.ok(error(await run(folded, { x }), await run(model, { x })) < 1e-6);
});

Deno.test("foldIntoConv() leaves constants that are not one number per channel", () => {
  const unchanged = (constant: string, node: string) => {
    const graph = parseGraph(`
      input x float32[N, 1, 4, 4]
      output y float32[N, 4, 4, 4]
      tensor w float32[1, 1, 1, 1] = [1.0]
      tensor c float32[${constant}]
      h = Conv(x, w)
      y = ${node}`);
    assert.equal(foldIntoConv(graph), graph, node);
  };
  unchanged("4, 1, 1] = [1.0, 2.0, 3.0, 4.0", "Mul(h, c)"); // widens one channel to four
  unchanged("4] = [1.0, 2.0, 3.0, 4.0", "Mul(h, c)"); // along the columns
  unchanged("1, 1, 1, 1, 1] = [1.0", "Mul(h, c)"); // adds a dimension
  unchanged("1] = [2.0", "Div(c, h)");
  unchanged("1] = [0.0", "Div(h, c)"); // not finite
  unchanged("1] = [2.0", "Mul(h, h)");
  unchanged("1] = [2.0", "Mul(h, c) {broadcast=1, axis=1}"); // before opset 7
});

Deno.test("foldIntoConv() leaves a Conv whose output something else reads, a body or a caller too", () => {
  const unchanged = (text: string) => {
    const graph = parseGraph(`
      input x float32[N, 1, L]
      output y float32[N, 1, L]
      tensor w float32[1, 1, 1] = [2.0]
      tensor c float32[] = [3.0]
      h = Conv(x, w)
      y = Mul(h, c)
      ${text}`);
    assert.equal(foldIntoConv(graph), graph, text);
  };
  unchanged("output h float32[N, 1, L]");
  unchanged("output z float32[N, 1, L]; z = Relu(h)");
  unchanged(
    "input go bool[]; output z float32[N, 1, L]; z = If(go) {then_branch=graph a {\n" +
      "output t float32[N, 1, L]; t = Relu(h)\n}, else_branch=graph b {\n" +
      "output e float32[N, 1, L]; e = Neg(h)\n}}",
  );
});

Deno.test("foldIntoConv() gives each layer its own copy of a shared weight", async () => {
  const model = modelOf(
    `input x float32[N, 2, L]
     output y float32[N, 2, L]
     output z float32[N, 2, L]
     output raw float32[N, 2, L]
     a = Conv(x, w, b)
     y = BatchNormalization(a, one.weight, one.bias, one.mean, one.var)
     c = Conv(x, w, b)
     z = BatchNormalization(c, two.weight, two.bias, two.mean, two.var)
     raw = Conv(x, w, b)`,
    {
      w: random([2, 2, 1], 1),
      b: random([2], 2),
      ...batchNorm("one", 2, 3),
      ...batchNorm("two", 2, 13),
    },
  );
  const folded = model.withGraph(foldIntoConv(model.graph));
  assert.equal(folded.graph.node.length, 3);
  const x = random([1, 2, 3], 4);
  assert.ok(error(await run(folded, { x }), await run(model, { x })) < 1e-6);
});

Deno.test("foldIntoConv() leaves a BatchNormalization that trains, or has statistics per position", () => {
  const text = (outputs: string, attributes: string) => `
    input x float32[N, 1, L]
    output y float32[N, 1, L]
    tensor w float32[1, 1, 1] = [2.0]
    tensor p float32[1] = [1.0]
    h = Conv(x, w)
    y${outputs} = BatchNormalization(h, p, p, p, p) {${attributes}}`;
  for (
    const [outputs, attributes] of [
      ["", "training_mode=1"], // opset 14
      [", mean, var, saved_mean, saved_var", "momentum=0.9"], // opset 9
      ["", "spatial=0"], // opset 7
    ] as const
  ) {
    const graph = parseGraph(text(outputs, attributes));
    assert.equal(foldIntoConv(graph), graph, attributes);
  }
});

Deno.test("foldIntoConv() leaves a BatchNormalization that has not one number for each channel", () => {
  const graph = parseGraph(`
    input x float32[N, 1, L]
    output y float32[N, 2, L]
    tensor w float32[2, 1, 1] = [2.0, 1.0]
    tensor p float32[2] = [1.0, 1.0]
    tensor scalar float32[] = [0.0]
    h = Conv(x, w)
    y = BatchNormalization(h, p, scalar, p, p)`);
  assert.equal(foldIntoConv(graph), graph);
});

Deno.test("foldIntoConv() leaves weights that come from outside, or are computed", () => {
  const graph = parseGraph(`
    input x float32[N, 1, L]
    input w float32[1, 1, 1]
    output y float32[N, 1, L]
    tensor c float32[] = [3.0]
    h = Conv(x, w)
    y = Mul(h, c)`);
  assert.equal(foldIntoConv(graph), graph);
});

Deno.test("foldIntoConv() leaves float16 weights that would overflow", () => {
  const text = (factor: string) => `
    input x float16[N, 1, L]
    output y float16[N, 1, L]
    tensor w float16[1, 1, 1] = [60000.0]
    tensor c float16[] = [${factor}]
    h = Conv(x, w)
    y = Mul(h, c)`;
  const large = parseGraph(text("2.0"));
  assert.equal(foldIntoConv(large), large);
  assert.match(
    printGraph(foldIntoConv(parseGraph(text("0.5")))),
    /w float16\[1, 1, 1\] = \[3e\+?4|30000/,
  );
});
