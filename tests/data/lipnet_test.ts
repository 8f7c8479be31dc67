import { assertEquals, assertLess } from "@std/assert";
import { clip, CLIP_SHAPE, clipInput } from "../../lib/data/visemes/clip.ts";
import recorded from "../../lib/data/visemes/logits.json" with { type: "json" };
import { sampleModel } from "../../lib/data/visemes.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { openSession } from "../../lib/runtime/open_runtime.ts";
import { float32 } from "../../lib/tensor/tensor.ts";

/** Logits of the recorded clips, one clip a run. */
async function logitsOf(model: Model): Promise<number[][]> {
  const session = await openSession(model);
  const rows: number[][] = [];
  for (const seed of recorded.seeds) {
    const clips = float32([1, 1, ...CLIP_SHAPE], clipInput(clip(seed).pixels));
    const { logits } = await session.run({ clips });
    rows.push(Array.from(logits!.data as Float32Array));
  }
  await session.release();
  return rows;
}

/** Largest difference between two tables. */
function farthest(a: readonly number[][], b: readonly number[][]): number {
  return Math.max(...a.flatMap((row, i) => row.map((x, j) => Math.abs(x - b[i]![j]!))));
}

Deno.test("the bundled network is the one that the data card describes", async () => {
  assertEquals(
    await (await sampleModel()).hash(),
    "2ac5c256654daba0b596fa9238ea73c88f49fb4984fc12d0d5da7d1b61ddbfa8",
  );
});

Deno.test("the bundled network gives PyTorch's logits, and fuse() keeps them", async () => {
  const model = await sampleModel();
  const asGiven = await logitsOf(model);
  assertLess(farthest(asGiven, recorded.logits), 1e-4);

  const fused = fuse(model);
  const operators = fused.graph.node.map(({ opType }) => opType);
  assertEquals(operators.includes("BatchNormalization"), false);
  assertLess(farthest(await logitsOf(fused), asGiven), 1e-5);
});
