import { assert, assertEquals } from "@std/assert";
import { calibrate } from "../../lib/calibrate/calibrate.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import { readModel } from "../../lib/onnx/file.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { fuse } from "../../lib/passes/fuse.ts";
import { convert, type QuantFormat } from "../../lib/quantize/convert.ts";
import { qconfigMapping } from "../../lib/quantize/mapping.ts";
import { prepare } from "../../lib/quantize/prepare.ts";
import { dynamicInt8, type QConfig, staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import { readPlan } from "../../lib/quantize/read_plan.ts";
import { createPool } from "../../lib/runtime/pool.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import { anyFeeds } from "../passes/any_feeds.ts";
import { isThere, shared, sharedFiles } from "../shared.ts";
import { run } from "./fixture.ts";

/** What every network is to go through. */
const FORMS: readonly (readonly [name: string, qconfig: QConfig, format?: QuantFormat])[] = [
  ["static", staticInt8()],
  ["static of any kernel", staticInt8({ kernels: "any" }), "QOperator"],
  ["dynamic", dynamicInt8()],
  ["static and weight-only", staticInt8({ otherwise: weightOnly() })],
];

/** Other exports of networks that are there already. */
const VARIANTS = /gtcrn\.onnx|silero_vad_(16k|op18|openvino)|yunet_s/;

/** One picture instead of the two that an open batch is fed with. */
function oneOfEach(model: Model, feeds: Feeds): Feeds {
  return Object.fromEntries(
    valueTypes(model.graph).inputs.map(({ name, dims = [] }) => {
      const { type, data, dims: [batch, ...rest] } = feeds[name]!;
      const isOpen = typeof dims[0] !== "number" && batch === 2;
      const half = (data as Float32Array).slice(0, data.length / 2);
      return [name, isOpen ? { type, dims: [1, ...rest], data: half } : feeds[name]!];
    }),
  );
}

Deno.test({
  name: "real networks run in every form, as their plans say, and do not grow",
  ignore: !isThere(shared("models/")),
  async fn(t) {
    await using pool = createPool({ workers: 1 });
    for (const path of sharedFiles("models", ".onnx")) {
      if (VARIANTS.test(path.pathname)) continue;
      const [folder, file] = path.pathname.split("/").slice(-2) as [string, string];
      await t.step(`${folder}/${file}`, async () => {
        const model = await readModel(path);
        const fused = fuse(model);
        const feeds = oneOfEach(model, anyFeeds(model, folder));
        const expected = await run(fused, feeds);
        const mappings = FORMS.map(([, qconfig]) => qconfigMapping({ default: qconfig }));
        const ranges = await calibrate(prepare(fused, ...mappings), [feeds]);
        for (const [i, [name, , format]] of FORMS.entries()) {
          const int8 = convert(fused, mappings[i]!, ranges, { format });
          const { rows } = readPlan(int8, await pool.optimised(int8));
          assertEquals(rows.filter(({ why }) => why.includes("yet the runtime")), [], name);
          for (const [output, { dims, data }] of Object.entries(await run(int8, feeds))) {
            assertEquals(dims, expected[output]!.dims, `${name}: ${output}`);
            assert(Array.from(data as ArrayLike<number>, Number).every(Number.isFinite), name);
          }
          // Changes of precision take some bytes, which small networks may not save elsewhere.
          assert(int8.bytes().length < 1.2 * model.bytes().length, name);
        }
      });
    }
  },
});
