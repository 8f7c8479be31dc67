import assert from "node:assert/strict";
import { fuse } from "../../lib/passes/fuse.ts";
import { error, modelOf, random, run } from "./fixtures.ts";

/** The operators that take the place of an Einsum of x and a constant w, which have to give the same. */
async function written(
  equation: string,
  x: readonly number[],
  w: readonly number[],
  rank: number,
  operands = "x, w",
): Promise<string> {
  const letters = (count: number) => Array.from({ length: count }, (_, i) => `D${i}`).join(", ");
  const model = modelOf(
    `input x float32[${letters(x.length)}]
     output y float32[${letters(rank).replaceAll("D", "E")}]
     y = Einsum(${operands}) {equation="${equation}"} @ /proj/Einsum`,
    { w: random(w, 1) },
  );
  const fused = fuse(model);
  const feeds = { x: random(x, 2) };
  assert.ok(error(await run(fused, feeds), await run(model, feeds)) < 1e-5);
  const { node } = fused.graph;
  const product = node.find(({ opType }) => ["Conv", "Einsum", "MatMul"].includes(opType));
  assert.equal(product!.name, "/proj/Einsum");
  return node.map(({ opType }) => opType).join(" ");
}

Deno.test("fuse() writes the projections of attention as MatMul", async () => {
  assert.equal(await written("abc,cd->abd", [2, 3, 4], [4, 5], 3), "MatMul");
  assert.equal(await written("BFD,DNH->BFNH", [2, 3, 8], [8, 2, 4], 4), "MatMul Reshape");
  assert.equal(await written("BFNH,NHD->BFD", [2, 3, 2, 4], [2, 4, 5], 3), "Reshape MatMul");
  assert.equal(await written("bfd,dnh->bnfh", [2, 3, 8], [8, 2, 4], 4), "MatMul Reshape Transpose");
});

Deno.test("fuse() finds the product whichever operand is constant, and however it is laid out", async () => {
  assert.equal(await written("oc, btc -> bto", [2, 3, 4], [5, 4], 3, "w, x"), "MatMul");
  assert.equal(await written("cbt,oc->tbo", [4, 2, 3], [5, 4], 3), "Transpose MatMul Transpose");
  assert.equal(await written("...d,de->...e", [2, 3, 4], [4, 5], 3), "MatMul");
  assert.equal(await written("bd,do", [2, 4], [4, 5], 2), "MatMul"); // the result is implied
  assert.equal(await written("btc,c->bt", [2, 3, 4], [4], 2), "MatMul Reshape");
});

Deno.test("fuse() writes an Einsum over the channels of a map as a 1x1 Conv", async () => {
  assert.equal(await written("nchw,oc->nohw", [2, 3, 4, 5], [6, 3], 4), "Conv");
  assert.equal(await written("bct,co->bot", [2, 3, 4], [3, 6], 3), "Conv");
});

Deno.test("fuse() writes a stack of products, one for each head or group, as one MatMul", async () => {
  assert.equal(
    await written("bnd,ndh->bnh", [2, 3, 4], [3, 4, 5], 3),
    "Transpose MatMul Transpose",
  );
  const two = await written("btnd,ndh->btnh", [2, 5, 3, 4], [3, 4, 6], 4);
  assert.equal(two, "Transpose MatMul Transpose");
});

Deno.test("fuse() leaves an Einsum that is no matrix product", async () => {
  assert.equal(await written("bij,j->b", [2, 3, 4], [4], 1), "Einsum"); // sums over i of x alone
  assert.equal(await written("bi,bi->bi", [2, 3], [2, 3], 2), "Einsum"); // sums over nothing
  assert.equal(await written("bii,io->bo", [2, 3, 3], [3, 4], 2), "Einsum"); // a diagonal
});
