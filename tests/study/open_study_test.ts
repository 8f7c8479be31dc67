import assert from "node:assert/strict";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { infoOf } from "../../lib/evaluate/metric.ts";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UserError } from "../../lib/errors.ts";
import type { Latency } from "../../lib/record/trial_record.ts";
import { memoryStore } from "../../lib/study/memory_store.ts";
import { openStudy, readStudy, STUDY_FILE } from "../../lib/study/open_study.ts";
import { sqliteStore } from "../../lib/study/sqlite_store.ts";
import type { Store } from "../../lib/study/store.ts";
import type { StoredTrial, StudyHeader, StudyIdentity } from "../../lib/study/study_store.ts";
import { inTempFolder } from "../temp_folder.ts";

const identity: StudyIdentity = {
  model: { name: "net.onnx", hash: "aa".repeat(32) },
  data: { name: "digits.npz", splits: [{ name: "selection", samples: 4, hash: "bb".repeat(32) }] },
  metric: { name: "top-1", unit: "%", source: "top-1" },
  versions: { octavo: "0.1.0", "onnxruntime-web": "1.30.0" },
};
const around = (value: number) => ({ value, low: value - 1, high: value + 1, n: 4 });
const trial: StoredTrial = {
  key: "k1",
  name: "mixed",
  family: "mixed",
  recipe: { kind: "configuration", base: "fused", placement: "mixed" },
  executes: { QLinearConv: 1 },
  plan: [],
  bytes: 10,
  modelHash: "m1",
  seconds: 1,
};
const latency: Latency = {
  threads: 1,
  rounds: 15,
  ratio: around(0.5),
  baselineMs: 2,
  candidateMs: 1,
  drifted: false,
  machine: "this one",
};
const header: StudyHeader = {
  schema: 1,
  title: "net",
  model: { name: "net.onnx", hash: "aa", bytes: 40, opset: 17, nodes: 3, parameters: 10 },
  data: { name: "digits.npz", labelled: true, splits: [], seed: 0 },
  metric: infoOf(top1()),
  maxDrop: 0.5,
  baseline: { selection: around(90), latencyMs: 2 },
  provenance: {
    command: "test",
    config: {},
    versions: {},
    machine: "this one",
    workers: 1,
    threads: 1,
    reused: 0,
  },
  grid: ["k1"],
  files: { "best.onnx": "k1" },
};
const evaluation = {
  accuracy: { split: "selection" as const, value: around(89), difference: around(-1) },
  outputs: { sqnr: 30, cosine: 0.99 },
  scores: Float64Array.of(1, 0, 0.1, 1),
};

const inFolder = (test: (folder: string) => Promise<void>) =>
  inTempFolder((folder) => test(join(folder, "study")));

const refuses = (promise: Promise<unknown>, message: RegExp) =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, message);
    return true;
  });

Deno.test("openStudy() gives back to the bit what an earlier one stored", () =>
  inFolder(async (folder) => {
    {
      await using store = await openStudy(identity, { folder });
      await store.putTrial(trial);
      await store.putEvaluation("m1", evaluation);
      await store.putTiming("m1", latency);
      await store.putDocument("calibration", { min: [1, 2] });
    }
    await using store = await openStudy(identity, { folder });
    assert.deepEqual(await store.trial("k1"), trial);
    assert.deepEqual(await store.evaluation("m1", "selection"), evaluation);
    assert.deepEqual(await store.timing("m1", 1, "this one"), latency);
    assert.deepEqual(await store.document("calibration"), { min: [1, 2] });
    assert.equal(await store.trial("k2"), undefined);
    assert.equal(await store.evaluation("m1", "test"), undefined);
  }));

Deno.test("a latency counts for its machine and its number of threads only", () =>
  inFolder(async (folder) => {
    await using store = await openStudy(identity, { folder });
    await store.putTiming("m1", latency);
    assert.equal(await store.timing("m1", 2, "this one"), undefined);
    assert.equal(await store.timing("m1", 1, "another"), undefined);
  }));

Deno.test("openStudy() leaves nothing behind when nothing is stored", () =>
  inFolder(async (folder) => {
    await using _store = await openStudy(identity, { folder });
    await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  }));

Deno.test("openStudy() refuses the folder of another study and says what differs", () =>
  inFolder(async (folder) => {
    {
      await using store = await openStudy(identity, { folder });
      await store.putTrial(trial);
    }
    const model = { name: "other.onnx", hash: "cc".repeat(32) };
    await refuses(
      openStudy({ ...identity, model }, { folder }),
      /model net\.onnx \(SHA-256 aaaaaaaa…\), this is other\.onnx \(cccccccc…\).*--out.*--fresh/s,
    );
    const splits = [{ name: "selection" as const, samples: 9, hash: "dd".repeat(32) }];
    await refuses(
      openStudy({ ...identity, data: { name: "digits.npz", splits } }, { folder }),
      /other data \(selection: 4 samples there, 9 here\)/,
    );
    await refuses(
      openStudy({ ...identity, metric: { name: "cosine", unit: "", source: "cosine" } }, {
        folder,
      }),
      /its metric is top-1, this one's cosine/,
    );
    const versions = { ...identity.versions, "onnxruntime-web": "1.31.0" };
    await refuses(
      openStudy({ ...identity, versions }, { folder }),
      /made with onnxruntime-web 1\.30\.0, this is onnxruntime-web 1\.31\.0/,
    );
  }));

Deno.test("openStudy() with fresh removes the old study's own files, at the first write", () =>
  inFolder(async (folder) => {
    {
      await using store = await openStudy(identity, { folder });
      await store.putTrial(trial);
      await store.putHeader(header);
    }
    await Deno.writeTextFile(join(folder, "best.onnx"), "old");
    await Deno.writeTextFile(join(folder, "notes.txt"), "the user's");
    const other = { ...identity, model: { name: "other.onnx", hash: "cc".repeat(32) } };
    {
      await using _store = await openStudy(other, { folder, fresh: true });
    }
    assert.equal(await Deno.readTextFile(join(folder, "best.onnx")), "old");
    {
      await using store = await openStudy(other, { folder, fresh: true });
      await store.putTrial({ ...trial, key: "k2" });
      assert.equal(await store.trial("k1"), undefined);
    }
    await assert.rejects(Deno.stat(join(folder, "best.onnx")), Deno.errors.NotFound);
    assert.equal(await Deno.readTextFile(join(folder, "notes.txt")), "the user's");
  }));

Deno.test("openStudy() refuses a folder with other files, a file, and what is no study", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(folder);
    const notes = join(folder, "notes.txt");
    await Deno.writeTextFile(notes, "the user's");
    await refuses(openStudy(identity, { folder }), /holds other files \(notes\.txt\)/);
    await refuses(openStudy(identity, { folder: notes }), /it is a file; name a folder/);
    await Deno.writeTextFile(join(folder, STUDY_FILE), "not a database, but long enough for one");
    await refuses(openStudy(identity, { folder }), /Cannot read the study in .*study\.db/);
  }));

/** A study of many trials, more than one page of its file. */
async function storeMany(folder: string): Promise<void> {
  await using store = await openStudy(identity, { folder });
  for (let i = 0; i < 40; i++) {
    await store.putTrial({ ...trial, key: `k${i}`, why: "w".repeat(500) });
  }
}

Deno.test("a study that is damaged behind its first page says so, and --fresh starts it again", () =>
  inFolder(async (folder) => {
    await storeMany(folder);
    const path = join(folder, STUDY_FILE);
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.fill(0xff, 4096));
    const damaged =
      /Cannot read the study in .*: it is damaged \(.*Start the study again with --fresh/;
    await refuses(
      (async () => {
        await using store = await openStudy(identity, { folder });
        for (let i = 0; i < 40; i++) await store.trial(`k${i}`);
      })(),
      damaged,
    );
    await using store = await openStudy(identity, { folder, fresh: true });
    await store.putTrial(trial);
    assert.deepEqual(await store.trial("k1"), trial);
    assert.equal(await store.trial("k7"), undefined);
  }));

Deno.test("--fresh starts a study again whose file is a database no more", () =>
  inFolder(async (folder) => {
    await storeMany(folder);
    await Deno.writeTextFile(join(folder, STUDY_FILE), "x".repeat(5000));
    await refuses(openStudy(identity, { folder }), /it is damaged .*--fresh/);
    await using store = await openStudy(identity, { folder, fresh: true });
    await store.putTrial(trial);
    assert.deepEqual(await store.trial("k1"), trial);
  }));

Deno.test("openStudy() begins anew where the file of a study was removed by hand", () =>
  inFolder(async (folder) => {
    await storeMany(folder);
    await Deno.writeTextFile(join(folder, "report.html"), "of the old one");
    await Deno.remove(join(folder, STUDY_FILE));
    await Deno.writeFile(join(folder, `${STUDY_FILE}-wal`), new Uint8Array(5000).fill(7));
    await using store = await openStudy(identity, { folder });
    await store.putTrial(trial);
    assert.equal(await store.trial("k7"), undefined);
  }));

Deno.test("a folder takes one study at a time, and the next when the process has ended", () =>
  inFolder(async (folder) => {
    const busy = new RegExp(
      `process ${Deno.pid} on .* is working in it; wait for its end, or name`,
    );
    {
      await using store = await openStudy(identity, { folder });
      await store.putTrial(trial);
      await refuses(openStudy(identity, { folder }), busy);
      await refuses(openStudy(identity, { folder, fresh: true }), busy);
      await refuses(readStudy(folder), /stopped before anything was measured/); // reading disturbs nobody
    }
    await using first = await openStudy(identity, { folder });
    assert.deepEqual(await first.trial("k1"), trial);
  }));

Deno.test("of two studies that begin in a new folder at once one is told of the other", () =>
  inFolder(async (folder) => {
    await using first = await openStudy(identity, { folder });
    await using second = await openStudy(identity, { folder });
    await first.putTrial(trial);
    await refuses(second.putTrial(trial), /is working in it; wait for its end/);
  }));

Deno.test("a process that was killed leaves its folder free", () =>
  inFolder(async (folder) => {
    await storeMany(folder);
    const lock = new URL("../../lib/study/folder_lock.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `import { lockFolder } from "${lock}"; await lockFolder(Deno.args[0]); ` +
        `console.log("locked"); await new Promise(() => setInterval(() => {}, 1000));`,
        folder,
      ],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await refuses(
      openStudy(identity, { folder }),
      new RegExp(`process ${child.pid} on .* is working`),
    );
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await using store = await openStudy(identity, { folder });
    assert.equal((await store.trial("k3"))?.key, "k3");
  }));

Deno.test("openStudy() takes up a folder whose study was killed before it began", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(folder);
    await (await sqliteStore(join(folder, STUDY_FILE)))[Symbol.asyncDispose]();
    await refuses(readStudy(folder), /stopped before anything was measured/);
    await using store = await openStudy(identity, { folder });
    await store.putTrial(trial);
    assert.deepEqual(await store.trial("k1"), trial);
  }));

Deno.test("openStudy() leaves the database of another program alone", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(folder);
    const database = new DatabaseSync(join(folder, STUDY_FILE));
    database.exec("create table films (title text)");
    database.close();
    await refuses(openStudy(identity, { folder }), /it is the database of another program/);
  }));

Deno.test("readStudy() joins trials with what was measured, in the order of the grid", () =>
  inFolder(async (folder) => {
    {
      await using store = await openStudy(identity, { folder });
      await store.putTrial({ ...trial, key: "k3", name: "failed", error: "no kernel" });
      await store.putTrial({ ...trial, key: "k2", name: "half measured", modelHash: "m2" });
      await store.putTrial({ ...trial, key: "k0", name: "of an earlier grid" });
      await store.putTrial(trial);
      await store.putEvaluation("m1", evaluation);
      await store.putTiming("m1", latency);
      await store.putEvaluation("m2", evaluation);
      await store.putHeader({ ...header, grid: ["k1", "k2", "k3"] });
    }
    const { trials, planned } = await readStudy(folder);
    assert.deepEqual(trials.map(({ name }) => name), ["mixed", "failed"]);
    assert.equal(planned, 3);
    const { scores: _, ...measured } = evaluation;
    assert.deepEqual(trials[0], { ...trial, ...measured, latency, file: "best.onnx" });
  }));

Deno.test("readStudy() says so where there is no study", () =>
  inFolder((folder) => refuses(readStudy(folder), /holds no study\.db/)));

Deno.test("records that another version wrote are refused with advice, and --fresh starts over", () =>
  inFolder(async (folder) => {
    {
      await using store = await openStudy(identity, { folder });
      await store.putDocument("study", {
        schema: 1,
        title: "net",
        grid: [],
        files: { "a.svg": "" },
      });
      await Deno.writeTextFile(join(folder, "a.svg"), "old");
    }
    {
      await using store = await openStudy(identity, { folder });
      await refuses(store.header(), /another version of Octavo wrote it \(model: .*--fresh/);
    }
    await using fresh = await openStudy(identity, { folder, fresh: true });
    await fresh.putTrial(trial);
    await assert.rejects(Deno.stat(join(folder, "a.svg")), Deno.errors.NotFound);
    assert.equal(await fresh.header(), undefined);
  }));

Deno.test("a study of another version's tables is refused, and --fresh starts over", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(folder);
    const database = new DatabaseSync(join(folder, STUDY_FILE));
    database.exec(`pragma application_id = ${0x4f637476}; pragma user_version = 1`);
    database.exec("create table trial (key text)");
    database.close();
    await refuses(openStudy(identity, { folder }), /tables of version 1, .*--out.*--fresh/);
    await using study = await openStudy(identity, { folder, fresh: true });
    await study.putTrial(trial);
    assert.deepEqual(await study.trial("k1"), trial);
  }));

Deno.test("openStudy() leaves a store open that is not its own, whatever happens", async () => {
  let closed = 0;
  const store: Store = {
    ...memoryStore(),
    [Symbol.asyncDispose]: () => Promise.resolve(void closed++),
  };
  for (let time = 0; time < 2; time++) {
    await using study = await openStudy(identity, { store }); // at first it is empty
    await study.putTrial(trial);
  }
  const another = { ...identity, versions: {} };
  await refuses(openStudy(another, { store }), /it is another one/);
  assert.equal(closed, 0);
});
