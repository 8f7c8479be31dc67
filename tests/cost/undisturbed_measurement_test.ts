import assert from "node:assert/strict";
import { isWorthKeeping } from "../../lib/cost/undisturbed_measurement.ts";

const [idle, busy] = [{ average: 0.4, cores: 2 }, { average: 9, cores: 2 }];

Deno.test("times are worth keeping if the runs themselves were left alone, whatever the load says", () => {
  assert.ok(isWorthKeeping({ stretch: 1.2, load: busy, drifted: false }));
  assert.ok(!isWorthKeeping({ stretch: 1.8, load: idle, drifted: false }));
  assert.ok(!isWorthKeeping({ stretch: 1.2, load: idle, drifted: true }));
});

Deno.test("where single runs are not told, the load decides which times are worth keeping", () => {
  assert.ok(isWorthKeeping({ load: idle, drifted: false }));
  assert.ok(!isWorthKeeping({ load: busy, drifted: false }));
});
