import assert from "node:assert/strict";
import { machineBefore, machineText, timedInText } from "../../lib/record/runtime_name.ts";

Deno.test("timedInText() names release, binary, threads and engine", () => {
  const runtime = { engine: "Deno 2.9.6, V8 14.9", release: "1.29.0", binary: "jsep" } as const;
  assert.equal(
    timedInText({ threads: 1, runtime }),
    "onnxruntime-web 1.29.0, jsep binary, 1 thread, Deno 2.9.6, V8 14.9",
  );
  const { binary: _, ...hidden } = runtime;
  assert.match(timedInText({ threads: 2, runtime: hidden }), /1\.29\.0, unknown binary, 2 threads/);
});

Deno.test("a record of before is of the plain binary", () => {
  const before = "cpu, 2 cores; Deno 2.9.6, V8 14.9; onnxruntime-web 1.30.0";
  assert.equal(machineText({ machine: before }), `${before}, plain binary`);
  assert.equal(machineBefore(`${before}, plain binary`), before);
  assert.equal(machineBefore(`${before}, jsep binary`), undefined);
  const runtime = { engine: "Deno 2.9.6", release: "1.30.0" };
  assert.equal(machineText({ machine: before, runtime }), before);
  assert.equal(machineText({ machine: "a machine of its own" }), "a machine of its own");
});
