import assert from "node:assert/strict";
import { clockOf } from "../../../lib/runtime/deno/thread_clock.ts";

/** Works for so long, on the wall. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

Deno.test("clockOf() moves with the work of this thread, not while it sleeps", async () => {
  const clock = clockOf(1);
  const from = clock.now();
  work(20);
  const worked = clock.now() - from;
  assert.ok(worked > 0);
  if (clock.kind !== "thread") return; // other threads work on in tests that run beside this one
  const before = clock.now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(clock.now() - before < 300);
});

Deno.test(
  "clockOf() hears what the other threads of the process do",
  { permissions: "inherit" },
  async () => {
    const clock = clockOf(1);
    if (!clock.others) return;
    const before = clock.others();
    const source =
      "const end = performance.now() + 60; while (performance.now() < end); postMessage(0);";
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url, { type: "module" });
    await new Promise((resolve) => worker.onmessage = resolve);
    worker.terminate();
    assert.ok(clock.others() - before > 0);
  },
);

Deno.test("clockOf() is the wall's where several threads share the work", () => {
  assert.equal(clockOf(2).kind, "wall");
});
