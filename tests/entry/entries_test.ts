import assert from "node:assert/strict";
import { decodeModel, fuse, Model } from "octavo";
import { parseModel, printGraph } from "octavo/advanced";
import { table } from "octavo/notebook";
import { arrays, calibrate, float32Tensor, prepare, qconfigMapping } from "octavo/quantize";
import { staticInt8, UserError } from "octavo/quantize";
import deno from "../../deno.json" with { type: "json" };

Deno.test("what one entry makes, the others take", () => {
  const model = parseModel("input x float32[2]; output y float32[2]; y = Relu(x)");
  assert.ok(model instanceof Model);
  const back = decodeModel(model.bytes());
  assert.equal(printGraph(back.graph), printGraph(model.graph));
  assert.match(printGraph(fuse(back).graph), /y = Relu\(x\)/);
  assert.match(table([{ node: "y", bits: 8 }]).text, /^node +bits\n/);
});

Deno.test("an entry is called the same inside the project and by those who install it", () => {
  const { exports, imports } = deno;
  for (const [name, path] of Object.entries(exports)) {
    if (name === "./cli") continue; // is run, never imported
    const specifier = name.replace(".", "octavo") as keyof typeof imports;
    assert.equal(imports[specifier], path);
  }
});

Deno.test("outside of Deno calibrate() asks for a runtime in one sentence", async () => {
  const model = parseModel(`
    input x float32[N, 2]
    output y float32[N, 1]
    tensor w float32[2, 1] = [0.5, -1.0]
    h = Relu(x)
    y = Gemm(h, w)`);
  const watched = prepare(model, qconfigMapping({ default: staticInt8() }));
  const data = arrays({ x: float32Tensor([1, 2], [1, 4]) });
  const own = Object.getOwnPropertyDescriptor(globalThis, "Deno")!;
  try {
    Object.defineProperty(globalThis, "Deno", { ...own, value: undefined });
    await assert.rejects(
      calibrate(watched, data),
      (error: Error) => error instanceof UserError && /needs Deno; give one as/.test(error.message),
    );
  } finally {
    Object.defineProperty(globalThis, "Deno", own);
  }
});
