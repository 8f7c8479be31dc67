import assert from "node:assert/strict";
import { withPlainNames } from "../../lib/runtime/plain_names.ts";
import { modelOf } from "./models.ts";

/** Names as Keras writes them, and a name to each node of a body. */
const odd = modelOf(
  `input x float32[n]; output y float32[n]
   a = Relu(x) @ "say \\"a\\""
   b = Neg(a) @ "back\\\\slash"
   c = Abs(b) @ plain
   y = If(go) {then_branch=graph t {output p float32[n]; p = Exp(c) @ "new\\nline"}} @ choice`,
);

Deno.test("withPlainNames() renames what JSON would not hold, in bodies too, and leads back", () => {
  const { model, original } = withPlainNames(odd);
  const names = model.graph.node.map(({ name }) => name);
  const inner = model.graph.node[3]!.attribute[0]!.g!.node[0]!.name;
  assert.deepEqual(names.slice(2), ["plain", "choice"]);
  for (const name of [...names, inner]) assert.match(name, /^\w+$/);
  assert.deepEqual([...names.slice(0, 3), inner].map(original), [
    'say "a"',
    "back\\slash",
    "plain",
    "new\nline",
  ]);
  // What the runtime makes of a node bears its name with something behind.
  assert.equal(original(`${names[1]}_token_3`), "back\\slash_token_3");
});

Deno.test("withPlainNames() gives back a model whose names are plain", () => {
  const model = modelOf("input x float32[n]; output y float32[n]; y = Relu(x) @ /a/Relu:0");
  assert.equal(withPlainNames(model).model, model);
});
