import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/study/memory_store.ts";
import { openStudy } from "../../lib/study/open_study.ts";
import { sqliteStore } from "../../lib/study/sqlite_store.ts";
import type { Store } from "../../lib/study/store.ts";
import type { StudyIdentity } from "../../lib/study/study_store.ts";

/** Every store there is: all of them pass the same tests. */
const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  "memory": () => Promise.resolve(memoryStore()),
  "SQLite": () => sqliteStore(":memory:"),
};

for (const [name, open] of Object.entries(STORES)) {
  Deno.test(`a store in ${name} gives back what was put last, by kind and key`, async () => {
    await using store = await open();
    assert.equal(await store.get("trial", "a"), undefined);
    await store.put("trial", "a", { list: [1, 2], nothing: null, text: "é" });
    await store.put("trial", "b", 2.5);
    await store.put("timing", "a", [true]);
    assert.deepEqual(await store.get("trial", "a"), { list: [1, 2], nothing: null, text: "é" });
    assert.equal(await store.get("trial", "b"), 2.5);
    assert.deepEqual(await store.get("timing", "a"), [true]);
    await store.put("trial", "a", "later");
    assert.equal(await store.get("trial", "a"), "later");
  });

  Deno.test(`a store in ${name} keeps bytes as they were`, async () => {
    await using store = await open();
    const bytes = Uint8Array.of(0, 255, 7);
    await store.put("scores", "m selection", bytes);
    bytes[0] = 9; // what was put does not follow
    assert.deepEqual(await store.get("scores", "m selection"), Uint8Array.of(0, 255, 7));
    await store.put("scores", "m selection", [1]);
    assert.deepEqual(await store.get("scores", "m selection"), [1]);
  });

  Deno.test(`a store in ${name} tells keys with spaces apart`, async () => {
    await using store = await open();
    await store.put("a b", "c", 1);
    await store.put("a", "b c", 2);
    assert.equal(await store.get("a b", "c"), 1);
    assert.equal(await store.get("a", "b c"), 2);
  });
}

const identity: StudyIdentity = {
  model: { name: "net.onnx", hash: "aa" },
  data: { name: "digits.npz", splits: [] },
  metric: { name: "top-1", unit: "%", source: "top-1" },
  versions: { octavo: "0.1.0" },
};

Deno.test("a study continues on a store of one's own, and refuses that of another study", async () => {
  const store = memoryStore();
  const first = await openStudy(identity, { store });
  await first.putDocument("calibration", { min: [1] });
  const again = await openStudy(identity, { store });
  assert.deepEqual(await again.document("calibration"), { min: [1] });
  const other = { ...identity, model: { name: "other.onnx", hash: "bb" } };
  await assert.rejects(openStudy(other, { store }), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /Cannot add to the study in the given store, it is another one/);
    return true;
  });
});
