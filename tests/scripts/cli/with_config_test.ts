import assert from "node:assert/strict";
import { parseQuantizeConfig } from "../../../lib/config/quantize_config.ts";
import { parseShared } from "../../../lib/config/any_config.ts";
import { parseSweepConfig } from "../../../lib/config/parse_sweep_config.ts";
import { withConfig } from "../../../scripts/cli/with_config.ts";

Deno.test("withConfig() takes from a config what the command line does not say", () => {
  const config = parseShared('{ "data": { "lengths": 5 }, "seed": 3, "test": 9, "maxDrop": 1 }');
  const none = { data: "x.npz", seed: undefined, test: 4, maxDrop: undefined, atLeast: undefined };
  assert.deepEqual(withConfig(none, config), { ...none, seed: 3, maxDrop: 1 });
  const limited = { ...none, atLeast: 90 };
  assert.deepEqual(withConfig(limited, config), { ...limited, seed: 3 });
  assert.deepEqual(withConfig({ json: true }, config), { json: true });
  assert.deepEqual(withConfig(none, undefined), none);
});

Deno.test("withConfig() takes none of a config for a limit that accepts any", () => {
  const config = parseShared('{ "maxCreate": "none", "maxHeap": 3 }');
  const options = { maxCreate: undefined, maxHeap: undefined };
  assert.deepEqual(withConfig(options, config), { maxCreate: Infinity, maxHeap: 3 });
  assert.deepEqual(withConfig({ ...options, maxCreate: 4 }, config), { maxCreate: 4, maxHeap: 3 });
});

Deno.test("one config of data, sizes and limits is read by every command", () => {
  const text = '{ "data": { "lengths": 5 }, "calibration": 7, "threads": 2, "atLeast": 90 }';
  assert.equal(parseSweepConfig(text).calibration, 7);
  assert.equal(parseShared(text).calibration, 7);
  const { shared, says } = parseQuantizeConfig(text);
  assert.deepEqual([shared?.calibration, shared?.threads, says], [7, 2, false]);
});
