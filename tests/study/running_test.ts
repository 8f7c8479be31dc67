import assert from "node:assert/strict";
import { Running } from "../../lib/study/running.ts";

const wait = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("each loop over a Running sees every event from the beginning", async () => {
  const running = new Running(async function* () {
    yield { kind: "begin", at: 1 } as const;
    await wait();
    yield { kind: "end", at: 2 } as const;
    return "done";
  });
  const loop = async () => {
    const seen = [];
    for await (const event of running) if (event.kind !== "step") seen.push(event.at);
    return seen;
  };
  assert.deepEqual(await Promise.all([loop(), loop()]), [[1, 2], [1, 2]]);
  assert.deepEqual(await loop(), [1, 2]);
  assert.equal(await running, "done");
});

Deno.test("a Running tells of steps only the latest, and none once it is over", async () => {
  const running = new Running(async function* (onStep) {
    onStep({ step: "accuracy", done: 1, of: 3 });
    onStep({ step: "accuracy", done: 2, of: 3 });
    await wait();
    yield { kind: "end" } as const;
    return 0;
  });
  const steps = [];
  for await (const event of running) if (event.kind === "step") steps.push(event.done);
  assert.deepEqual(steps, [2]);
  for await (const event of running) assert.notEqual(event.kind, "step");
});

Deno.test("what fails in a Running is thrown to each loop, and to who waits", async () => {
  const running = new Running<{ kind: "begin" }, void>(async function* () {
    yield { kind: "begin" };
    await wait();
    throw new Error("no such file");
  });
  await assert.rejects(async () => {
    for await (const _ of running);
  }, /no such file/);
  await assert.rejects(async () => await running, /no such file/);
});

Deno.test("leaving a loop does not end the work", async () => {
  const running = new Running(async function* () {
    yield { kind: "begin" };
    await wait();
    yield { kind: "end" };
    return 7;
  });
  for await (const _ of running) break;
  assert.equal(await running, 7);
});
