import assert from "node:assert/strict";
import { arrays } from "../../lib/data/arrays.ts";
import { splitDataset } from "../../lib/data/split.ts";
import { UserError } from "../../lib/errors.ts";
import { sqnr } from "../../lib/evaluate/metrics/sqnr.ts";
import { parseModel } from "../../lib/onnx/parse_model.ts";
import type { StudyEvent } from "../../lib/record/event.ts";
import type { Recipe } from "../../lib/record/recipe.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { ColdStart, ColdStartOptions, Runtime } from "../../lib/runtime/runtime.ts";
import { studyFacts } from "../../lib/report/reproduce.ts";
import { memoryStore } from "../../lib/study/memory_store.ts";
import { runStudy } from "../../lib/task/run_study.ts";
import type { StudyStrategy } from "../../lib/task/study_strategy.ts";
import { float32 } from "../../lib/tensor/tensor.ts";
import { pacedRuntime, tinyData, tinyModel } from "./tiny.ts";

const mixed: Recipe = {
  ...{ kind: "configuration", base: "fused", placement: "mixed" },
  observer: { name: "min-max" },
  weights: "per-channel",
};
const small: Recipe = { kind: "configuration", base: "fused", placement: "compact" };

const stored: Recipe = {
  ...{ kind: "mapping", base: "fused", name: "stored small" },
  ...{ default: { kind: "weightOnly" }, rules: [] },
};

/** The smaller a model, the faster. */
const runtime = () => pacedRuntime((model) => model.bytes().length);

const options = { metric: sqnr(), maxDrop: 140, rounds: 6 };

/** Asks for one recipe after the other, and keeps what it is told. */
function oneByOne(recipes: readonly Recipe[]) {
  const open = [...recipes];
  const told: string[] = [];
  const strategy: StudyStrategy = {
    ask: () => open.splice(0, 1).map((recipe) => ({ recipe, why: "it is next" })),
    tell: (_, { name, error }) => void told.push(error === undefined ? name : `${name} failed`),
  };
  return { strategy, told };
}

Deno.test("runStudy() measures what one's own strategy asks, and chooses among it", async () => {
  const { strategy, told } = oneByOne([mixed, small]);
  const running = runStudy(tinyModel(), tinyData(), strategy, { ...options, runtime: runtime() });
  const events: StudyEvent[] = [];
  for await (const event of running) events.push(event);
  const study = await running;
  assert.deepEqual(told, ["mixed · min-max · per-channel", "compact"]);
  assert.deepEqual(study.trials.map(({ why }) => why), ["it is next", "it is next"]);
  assert.equal(study.winner?.accuracy?.split, "test");
  assert.deepEqual(study.trials[0]!.recipe, mixed);
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== "step");
  assert.deepEqual(kinds, ["begin", "trial", "trial", "end"]);
  const trials = events.filter((event) => event.kind === "trial");
  assert.deepEqual(trials.map(({ number, of }) => [number, of]), [[1, undefined], [2, undefined]]);
});

/** The same runtime, where a session takes as long to create as the model has QuantizeLinear nodes. */
function startingRuntime(asked: ColdStartOptions[]): Runtime {
  const starts = (model: Model, steady = false): ColdStart => ({
    createMs: 10 + 10 * model.graph.node.filter(({ opType }) => opType === "QuantizeLinear").length,
    ...{ firstMs: 5, heapBytes: 2 ** 24 },
    ...(steady && { steadyMs: 50 }),
  });
  return {
    ...runtime(),
    coldStart(models, _sample, options = {}) {
      asked.push(options);
      const { rounds = 6, steady } = options;
      const row = models.map((model) => starts(model, steady));
      return Promise.resolve({ starts: new Array(rounds).fill(row), clock: "thread" });
    },
  };
}

Deno.test("runStudy() measures cold starts once, the winner's until it is steady, and keeps out who starts slowly", async () => {
  const asked: ColdStartOptions[] = [];
  const store = memoryStore();
  const study = async () =>
    await runStudy(tinyModel(), tinyData(), oneByOne([mixed, stored]).strategy, {
      ...{ ...options, runtime: startingRuntime(asked), store },
    });
  const { trials, winner, maxCreate, maxHeap, model } = await study();
  assert.deepEqual([maxCreate, maxHeap], [2, 2]);
  assert.ok(model.download!.brotli > 0);
  assert.ok(trials.every(({ download }) => download!.brotli > 0 && download!.gzip > 0));
  const [slow, quick] = trials.map(({ coldStart }) => coldStart!);
  assert.ok(slow!.create.ratio.low > 2, "it has static nodes");
  assert.deepEqual(quick!.create.ratio, { value: 1, low: 1, high: 1, n: 6 });
  assert.equal(winner!.key, trials[1]!.key);
  assert.equal(quick!.steady?.candidate, 50);
  assert.equal(slow!.steady, undefined);
  assert.deepEqual(asked.map(({ rounds, steady = false }) => [rounds, steady]), [
    ...[[3, false], [3, false], [6, true]],
  ]);
  assert.deepEqual((await study()).trials, trials);
  assert.equal(asked.length, 3, "nothing is measured again");
});

Deno.test("a study without cold starts is gone on with, and only its winner's is measured then", async () => {
  const asked: ColdStartOptions[] = [];
  const store = memoryStore();
  const again = (runtime: Runtime) =>
    runStudy(tinyModel(), tinyData(), oneByOne([stored]).strategy, { ...options, runtime, store });
  const [before] = (await again(runtime())).trials;
  assert.equal(before!.coldStart, undefined);
  const [after] = (await again(startingRuntime(asked))).trials;
  assert.deepEqual(asked.map(({ rounds }) => rounds), [6]);
  assert.equal(after!.coldStart!.steady!.ratio.value, 1);
  assert.deepEqual(after!.latency, before!.latency);
});

Deno.test("a study reports what it found where the runtime fails to tell what the time goes into", async () => {
  const { strategy } = oneByOne([mixed]);
  const blind: Runtime = {
    ...runtime(),
    optimized: (model) => Promise.resolve(model),
    profile: () => Promise.reject(new UserError("Cannot profile tiny in onnxruntime-web: no")),
  };
  const study = await runStudy(tinyModel(), tinyData(), strategy, { ...options, runtime: blind });
  assert.equal(study.winner?.accuracy?.split, "test");
  assert.equal(study.profiles, undefined);
});

Deno.test("a study of one's own strategy goes on where it was stopped, on a store of one's own", async () => {
  const store = memoryStore();
  const stop = new AbortController();
  const first = runStudy(tinyModel(), tinyData(), oneByOne([mixed, small]).strategy, {
    ...options,
    ...{ runtime: runtime(), store, signal: stop.signal },
  });
  for await (const event of first) if (event.kind === "trial") stop.abort();
  assert.equal((await first).trials.length, 1);

  const events: StudyEvent[] = [];
  const second = runStudy(tinyModel(), tinyData(), oneByOne([mixed, small]).strategy, {
    ...options,
    ...{ runtime: runtime(), store },
  });
  for await (const event of second) events.push(event);
  const trials = events.filter((event) => event.kind === "trial");
  assert.deepEqual(trials.map(({ reused }) => reused), [true, false]);
  assert.equal((await second).trials.length, 2);
});

Deno.test("a study in another onnxruntime-web says so, and keeps its results from those of others", async () => {
  const own = runtime();
  const other: Runtime = {
    ...own,
    environment: async () => {
      const found = await own.environment();
      const versions = { ...found.versions, "onnxruntime-web": "1.99.0" };
      return { ...found, release: "1.99.0", versions, machine: "1.99.0" };
    },
  };
  const store = memoryStore();
  const study = (runtime: Runtime) =>
    runStudy(tinyModel(), tinyData(), oneByOne([stored]).strategy, { ...options, runtime, store });
  const { notes, provenance, trials } = await study(other);
  const note = notes?.find((note) => note.startsWith("This is onnxruntime-web 1.99.0; Octavo was"));
  assert.ok(note);
  assert.equal(provenance.versions["onnxruntime-web"], "1.99.0");
  assert.equal(trials[0]!.latency!.machine, "1.99.0");
  const facts = new Map(studyFacts(await study(other)).map(({ name, text }) => [name, text]));
  assert.equal(facts.get("not verified"), note);
  await assert.rejects(
    async () => await study(own),
    /made with onnxruntime-web 1\.99\.0, this is onnxruntime-web 1\.30/,
  );
});

Deno.test("a study that goes on says of float32 what it said at first", async () => {
  const deaf = parseModel(`
    input x float32[N, 2]; output y float32[N, 2]
    tensor w float32[2, 2] = [0.0, 0.0, 0.0, 0.0]; tensor b float32[2] = [1.0, 0.5]
    y = Gemm(x, w, b)`);
  const x = float32([24, 2], Array.from({ length: 48 }, (_, i) => Math.sin(i)));
  const data = splitDataset(arrays({ x }));
  const store = memoryStore();
  const beginOf = async () => {
    const { strategy } = oneByOne([small]);
    const running = runStudy(deaf, data, strategy, { ...options, runtime: runtime(), store });
    const notes: string[] = [];
    for await (const event of running) if (event.kind === "begin") notes.push(...event.notes);
    return { notes, kept: (await running).notes };
  };
  const first = await beginOf();
  assert.match(
    first.notes.join(),
    /float32 gives the same for all \d+ samples: "y" does not change/,
  );
  assert.deepEqual(await beginOf(), first);
});

Deno.test("a study knows its network before its strategy asks", async () => {
  const seen: string[] = [];
  const study = await runStudy(tinyModel(), tinyData(), ({ nodes, budget }) => {
    seen.push(...nodes.filter(({ opType }) => opType === "Conv").map(({ name }) => name));
    assert.equal(budget.maxDrop, 140);
    return oneByOne([{
      ...{ kind: "assignment", base: "fused", int8Tensors: [], observers: {} },
      forms: { [seen[1]!]: { kind: "static", kernels: "any" } },
    }]).strategy;
  }, { ...options, runtime: runtime() });
  assert.deepEqual(seen, ["/front/conv1/Conv", "/front/conv2/Conv"]);
  assert.equal(study.trials[0]!.name, "static (trial 1)");
  assert.equal(study.trials[0]!.plan.find(({ node }) => node === seen[0])!.asked, "float32");
});

Deno.test("a recipe that cannot be built is a failed trial, and the study goes on", async () => {
  const odd: Recipe = { kind: "configuration", base: "fused", placement: "mixt" };
  const { strategy, told } = oneByOne([odd, small]);
  const study = await runStudy(tinyModel(), tinyData(), strategy, {
    ...options,
    runtime: runtime(),
  });
  assert.deepEqual(told, ["mixt failed", "compact"]);
  assert.match(study.trials[0]!.error!, /no such placement; did you mean "mixed"\?/);
});

Deno.test("a recipe that asks for what there is not fails alone, in whatever place", async () => {
  const recipes: Recipe[] = [
    { ...mixed, samples: 999 },
    mixed,
    { ...mixed, corrections: ["nope"] },
    small,
  ];
  const { strategy, told } = oneByOne(recipes);
  await runStudy(tinyModel(), tinyData(), strategy, { ...options, runtime: runtime() });
  assert.deepEqual(told.map((name) => / failed$/.test(name)), [true, false, true, false]);
});

Deno.test("what is no recipe ends the study with a message, and so does ask() without a list", async () => {
  const study = (ask: () => never) =>
    runStudy(tinyModel(), tinyData(), { ask, tell: () => {} }, { ...options, runtime: runtime() });
  const recipe = { ...mixed, base: "lowerd" };
  await assert.rejects(
    async () => await study(() => [{ recipe }] as never),
    /Cannot use the recipe that the strategy asked for: base/,
  );
  await assert.rejects(
    async () => await study(() => undefined as never),
    /ask\(\) has to return a list/,
  );
  await assert.rejects(
    async () => await study(() => [] as never),
    /the strategy asked for no trial/,
  );
});

Deno.test("what is asked for twice is measured once; a strategy that goes in circles is ended", async () => {
  let asked = 0;
  const circles: StudyStrategy = {
    ask: () => [{ recipe: small }, { recipe: small }].slice(0, ++asked > 1000 ? 0 : 2),
    tell: () => {},
  };
  const plain = runtime();
  let compared = 0;
  const counted: Runtime = {
    ...plain,
    times: (models, samples, asked) => {
      if (asked?.rounds === options.rounds) compared++; // a profile asks for other numbers
      return plain.times(models, samples, asked);
    },
  };
  const study = await runStudy(tinyModel(), tinyData(), circles, {
    ...options,
    ...{ runtime: counted, maxRounds: 6 },
  });
  assert.deepEqual([study.trials.length, compared], [1, 1]);
  assert.ok(asked < 100, `${asked}`);
});

Deno.test("a study refuses options that make no sense, before anything runs", async () => {
  const refuses = (more: object, message: RegExp) =>
    assert.rejects(
      async () => await runStudy(tinyModel(), tinyData(), oneByOne([]).strategy, more),
      message,
    );
  await refuses({ objective: "speed" }, /objective "speed": it is one of latency, size, download/);
  await refuses({ workers: 0 }, /with workers: 0: give a whole number from 1/);
  await refuses({ rounds: 0 }, /with rounds: 0/);
  await refuses({ maxDrop: 1, atLeast: 90 }, /give one of them/);
});

Deno.test("a study passes over the calibration split once, however many recipes there are", async () => {
  const plain = runtime();
  let samples = 0;
  const counted: Runtime = {
    ...plain,
    run: (model, feeds, options) => {
      const taps = model.graph.output.length > 1;
      return plain.run(model, feeds, {
        ...options,
        onProgress: (done) => {
          if (taps) samples++;
          options?.onProgress?.(done);
        },
      });
    },
  };
  const data = tinyData();
  const more: Recipe[] = [mixed, { ...mixed, placement: "cnn-static" }, {
    ...mixed,
    corrections: ["bias"],
  }];
  const planned: StudyStrategy = {
    planned: more,
    ...{ ask: () => more.splice(0).map((recipe) => ({ recipe })), tell: () => {} },
  };
  const out = await Deno.makeTempDir();
  try {
    const study = await runStudy(tinyModel(), data, { ...planned, planned: [...more] }, {
      ...options,
      ...{ runtime: counted, out: `${out}/study` },
    });
    assert.equal(study.trials.length, 3);
    assert.ok(study.winner !== undefined);
    // Ranges take one pass, the correction another. The winner is built once, though it is measured,
    // tested, profiled and written; shapes and the errors in its plan take a few samples more.
    const { length } = data.calibration;
    assert.ok(samples >= 2 * length && samples < 3 * length, `${samples} of ${length}`);
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});

Deno.test("runStudy() times each length asked for, and again where others are asked for", async () => {
  const model = parseModel(`
    input x float32[N, T, 16]; output y float32[N, T, 16]
    tensor w float32[16, 16] = [${Array.from({ length: 256 }, (_, i) => Math.sin(i)).join(", ")}]
    y = MatMul(x, w)`);
  const x = float32([12, 2, 16], Float32Array.from({ length: 12 * 32 }, (_, i) => Math.cos(i)));
  const data = splitDataset(arrays({ x }));
  const timed: number[] = [];
  // The candidate takes half of float32's time, at a length of 4 a third more.
  const paced: Runtime = {
    ...runtime(),
    times(models, [sample], { rounds = 15 } = {}) {
      const length = sample!.x!.dims[1]!;
      timed.push(length);
      const row = models.map((_, i) => i === 0 ? 3 : length === 4 ? 4 : 1.5);
      return Promise.resolve({ ms: new Array(rounds).fill(row), warmup: [0, 0] });
    },
  };
  const store = memoryStore();
  const run = (atLengths: number[]) =>
    runStudy(model, data, oneByOne([stored]).strategy, {
      ...options,
      ...{ runtime: paced, store, coldRounds: 0, atLengths },
    });
  const both = await run([8, 4]);
  assert.deepEqual(timed, [4, 8]);
  const { at, ratio } = both.trials[0]!.latency!;
  assert.deepEqual(at!.map(({ length, baselineMs }) => [length, baselineMs]), [[4, 3], [8, 3]]);
  assert.ok(Math.abs(ratio.value - Math.sqrt((4 / 3) * 0.5)) < 1e-12);
  assert.equal(both.winner, undefined);
  assert.equal((await run([8])).winner?.key, both.trials[0]!.key);
  assert.deepEqual(timed.slice(0, 3), [4, 8, 8]); // more for its profile
  await assert.rejects(async () => await run([0]), /at length 0: give whole numbers from 1/);
});
