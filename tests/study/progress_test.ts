import assert from "node:assert/strict";
import type { StepEvent } from "../../lib/record/event.ts";
import { StudyProgress } from "../../lib/study/progress.ts";

function watched() {
  const seen: Omit<StepEvent, "kind">[] = [];
  return { seen, progress: new StudyProgress((step) => seen.push(step)) };
}

Deno.test("StudyProgress counts steps of different sizes to one share", () => {
  const { seen, progress } = watched();
  progress.expect(30);
  const first = progress.begin("float32", 10, 4);
  first(2);
  first(4);
  progress.begin("accuracy", 20, 2, "mixed")(1);
  assert.deepEqual(seen, [
    { step: "float32", done: 0, of: 4, all: 0 },
    { step: "float32", done: 2, of: 4, all: 5 / 30 },
    { step: "float32", done: 4, of: 4, all: 10 / 30 },
    { step: "accuracy", done: 0, of: 2, about: "mixed", all: 10 / 30 },
    { step: "accuracy", done: 1, of: 2, about: "mixed", all: 20 / 30 },
  ]);
});

Deno.test("StudyProgress tells no share where the work was not announced", () => {
  const { seen, progress } = watched();
  progress.begin("accuracy", 20, 2)(2);
  assert.ok(seen.every(({ all }) => all === undefined));
  assert.equal(progress.done, 20);
});

Deno.test("StudyProgress counts what fell away as done, and never more than all", () => {
  const { seen, progress } = watched();
  progress.expect(10);
  progress.reach(8);
  progress.begin("latency", 4, 1)(1);
  assert.equal(seen.at(-1)!.all, 1);
});
