import assert from "node:assert/strict";
import { idleInputs } from "../../lib/data/idle_inputs.ts";
import { npzDataset } from "../../lib/data/npz_dataset.ts";
import { writeNpz } from "../../lib/data/npz.ts";
import type { GraphProto } from "../../lib/onnx/onnx_pb.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { inTempFolder } from "../temp_folder.ts";

const model = parseModel(`
  input x float32[N, 2]; input words string[N, 3]; input spare float32[4]; input back float32[N]
  output y float32[N, 2]; output back float32[N]
  y = Relu(x)`);

Deno.test("idleInputs() are those that no node reads and no output gives back, in bodies too", () => {
  assert.deepEqual(idleInputs(model.graph).map(({ name }) => name), ["words", "spare"]);
  const body = parseModel(`
    input c bool[]; input x float32[2]; output y float32[2]
    y = If(c) {then_branch=graph t {output p float32[2]; p = Neg(x)},
      else_branch=graph e {output q float32[2]; q = Abs(x)}}`);
  assert.deepEqual(idleInputs(body.graph), []);
});

/** A network with a text, of which `text` makes `name`. */
const withText = (text: string, output = "string[N]") =>
  parseModel(`
    input x float32[N, 2]; input word string[N]
    output y float32[N, 2]; output name ${output}
    y = Relu(x); ${text}`);

Deno.test("idleInputs() are texts that are passed on to outputs of texts, but none that numbers are made of", () => {
  const idle = (model: { graph: GraphProto }) => idleInputs(model.graph).map(({ name }) => name);
  assert.deepEqual(idle(withText("name = Identity(word)")), ["word"]);
  assert.deepEqual(idle(withText("both = Concat(word, word) {axis=0}; name = Identity(both)")), [
    "word",
  ]);
  assert.deepEqual(idle(withText("name = Shape(word)", "int64[1]")), []);
  assert.deepEqual(idle(withText("same = Identity(word); name = Cast(same) {to=1}")), []);
});

Deno.test("npzDataset() refuses a network that computes on texts, and feeds empty ones where it does not", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/samples.npz`;
    await writeNpz(path, { x: float32([2, 2], [1, -2, 3, 4]) });
    const { word } = await (await npzDataset(path, withText("name = Identity(word)"))).sample(1);
    assert.deepEqual(word, { type: "string", dims: [1], data: [""] });
    await assert.rejects(npzDataset(path, withText("name = Shape(word)", "int64[1]")), {
      name: "UserError",
      message: 'Cannot use samples.npz: the network computes on texts, its input "word" ' +
        "(string [N]), and such a network cannot be run on .npz samples; quantize it without " +
        "samples (--dynamic)",
    });
  }));

Deno.test("npzDataset() needs no array for an input that no node reads, and looks at none", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/samples.npz`;
    const x = float32([2, 2], [1, -2, 3, 4]);
    // Of another number of samples: nobody is to look.
    await writeNpz(path, { x, back: float32([2], [5, 6]), spare: float32([1], [NaN]) });
    const feeds = await (await npzDataset(path, model)).sample(0);
    assert.deepEqual(feeds.words, { type: "string", dims: [1, 3], data: ["", "", ""] });
    assert.deepEqual([...feeds.spare!.data], [0, 0, 0, 0]);
    const session = await openSession(model);
    const { y } = await session.run(feeds);
    assert.deepEqual([...y!.data], [1, 0]);
    await session.release();
  }));
