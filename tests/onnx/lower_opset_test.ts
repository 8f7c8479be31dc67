import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { lowerOpset } from "../../lib/onnx/lower_opset.ts";
import { decodeModel } from "../../lib/onnx/model.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import { printGraph } from "../../lib/onnx/text.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

function newest(text: string, opset = 28) {
  const { proto } = parseModel(text, { opset });
  return { ...proto, irVersion: 14n };
}

function lowered(text: string, opset = 28): string {
  const { proto } = lowerOpset(newest(text, opset), "net.onnx");
  assert.deepEqual(proto.opsetImport.map(({ version }) => version), [26n]);
  assert.equal(proto.irVersion, 13n);
  return printGraph(proto.graph!);
}

Deno.test("lowerOpset() changes versions alone where operators mean the same, and says so", () => {
  const text =
    "graph graph\ninput x float32[1, 4]\noutput y float32[1, 4]\nh = Celu(x)\ny = Softmax(h)\n";
  for (const opset of [27, 28]) assert.equal(lowered(text, opset), text);
  assert.match(lowerOpset(newest(text), "net.onnx").note!, /^read as opset 26, .* in place of 28/);
});

Deno.test("lowerOpset() lowers the file format alone without a word, and what is older not at all", () => {
  const { proto, note } = lowerOpset(newest("y = Relu(x)", 17), "net.onnx");
  assert.deepEqual([proto.irVersion, note], [13n, undefined]);
  const old = parseModel("y = Relu(x)").proto;
  assert.equal(lowerOpset(old, "net.onnx").proto, old);
});

Deno.test("lowerOpset() writes what has an older form in that form, in bodies too", () => {
  const text =
    "y = If(c) {then_branch=graph t {output z int64[?]; z = Range(a, b, d) {stash_type=1}}, " +
    'else_branch=graph e {output z float32[?, ?, ?, ?]; z = SpaceToDepth(x) {blocksize=2, mode="DCR"}}}';
  const printed = lowered(text);
  assert.match(printed, /z = Range\(a, b, d\)\n/);
  assert.match(printed, /z = SpaceToDepth\(x\) \{blocksize=2\}\n/);
});

Deno.test("lowerOpset() names the node that has no older form", () => {
  const cases: [string, RegExp][] = [
    ["y = SwiGLU(a, b) @ gate", /SwiGLU "gate" is new in opset 28/],
    ["y, s = LinearAttention(q, k, v)", /LinearAttention "y" is new in opset 27/],
    ["input a float16[]; y = Range(a, b, c)", /Range "y" counts in half precision/],
    ["input a float32[4]; y = Mod(a, b)", /Mod "y" rounds down \(fmod=0\) on floating-point/],
    ['y = SpaceToDepth(x) {blocksize=2, mode="CRD"}', /SpaceToDepth "y" has mode=CRD/],
    ["y = If(c) {then_branch=graph t {z = SwiGLU(a, b)}}", /SwiGLU "z"/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => lowered(text),
      (error) =>
        error instanceof UserError && message.test(error.message) &&
          /export it again with opset 26$/.test(error.message) || assert.fail(`${error}`),
    );
  }
  lowered("input a int64[4]; y = Mod(a, b)");
  lowered("input a float32[4]; y = Mod(a, b) {fmod=1}");
});

Deno.test("the runtime runs a model of opset 28 and IR 14 as it is read", async () => {
  const text = "input x float32[3]; output y float32[3]; y = Relu(x)";
  const model = parseModel(text).withProto(newest(text));
  const session = await openSession(decodeModel(model.bytes()));
  const { y } = await session.run({ x: float32([3], [-1, 0, 2]) });
  await session.release();
  assert.deepEqual([...y!.data], [0, 0, 2]);
});
