import assert from "node:assert/strict";
import { fuse } from "../../../lib/passes/fuse.ts";
import { undoInt8 } from "../../../lib/passes/undo/undo_int8.ts";
import { convert } from "../../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../../lib/quantize/mapping.ts";
import { dynamicInt8, perTensorAffine, staticInt8 } from "../../../lib/quantize/qconfig.ts";
import { quantized } from "../../quantize/fixture.ts";
import { random, run } from "../fixtures.ts";
import { INPUT_DIMS, randomNet } from "../random_net.ts";

/** Int8 files of random networks as this project writes them. */
const FORMS = [
  ["QDQ", staticInt8()],
  ["QOperator", staticInt8()],
  ["QDQ", dynamicInt8({ weight: perTensorAffine })],
] as const;

Deno.test("files of random networks are read whole, and written back they compute the same bits", async () => {
  for (const seed of [1, 3, 6, 8]) {
    const network = fuse(randomNet(seed));
    const feeds = { x: random(INPUT_DIMS, seed + 7) };
    for (const [format, qconfig] of FORMS) {
      const mapping = qconfigMapping({ default: qconfig });
      const file = await quantized(network, mapping, [feeds], { format });
      const { model, left, ranges, layers } = undoInt8(file);
      assert.deepEqual(left, [], `${seed}`);
      assert.ok(
        layers.length > 0 || file.graph.node.every(({ opType }) => !/Conv|Gemm/.test(opType)),
      );
      const fileRanges = qconfig.kind === "static" ? ranges : undefined;
      const again = qconfigMapping({ default: qconfig, ...fileRanges && { fileRanges } });
      const back = convert(model, again, undefined, { format });
      assert.deepEqual(await run(back, feeds), await run(file, feeds), `${seed} ${qconfig.kind}`);
    }
  }
});
