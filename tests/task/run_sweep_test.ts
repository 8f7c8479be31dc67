import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { Model } from "../../lib/onnx/model.ts";
import { makeNode } from "../../lib/onnx/node.ts";
import type { SweepConfigInput } from "../../lib/config/sweep_config.ts";
import type { MappingConfigInput } from "../../lib/config/mapping_config.ts";
import type { Study } from "../../lib/record/study_record.ts";
import { readStudy } from "../../lib/study/open_study.ts";
import type { StudyEvent } from "../../lib/record/event.ts";
import type { Binary } from "../../lib/record/binary.ts";
import { sweep } from "../../lib/task/run_sweep.ts";
import type { SweepOptions } from "../../lib/task/sweep_options.ts";
import type { KernelTimer } from "../../lib/cost/kernel_times.ts";
import { remakeTrial } from "../../lib/task/remake_trial.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { hasty } from "../cost/hasty.ts";
import { pacedRuntime, tinyData, tinyInt8File, tinyModel } from "./tiny.ts";
import { inTempFolder } from "../temp_folder.ts";

/** Three configurations; latency in as few rounds as an interval needs. */
const FEW: SweepOptions = {
  config: {
    ...{ placements: ["cnn-static", "mixed"], observers: ["min-max"], weights: ["per-channel"] },
    kernels: "any",
  },
  rounds: 6,
};

/** A sweep in this thread, on a made-up clock, that keeps what it was told. */
async function swept(options: SweepOptions = {}, data = tinyData()) {
  const running = sweep(tinyModel(), data, { ...FEW, runtime: pacedRuntime(), ...options });
  const events: StudyEvent[] = [];
  for await (const event of running) events.push(event);
  return { study: await running, events };
}

const inFolder = (test: (folder: string) => Promise<void>) =>
  inTempFolder((folder) => test(join(folder, "study")));

/** What must come out the same on every machine. */
const accuracies = ({ trials }: Study) =>
  trials.map(({ key, name, accuracy, outputs, bytes, modelHash }) => ({
    ...{ key, name, accuracy, outputs, bytes, modelHash },
  }));

Deno.test("sweep() measures every configuration of the grid, float32 first", async () => {
  await using runtime = hasty(openRuntime({ workers: 1 }));
  const { study, events } = await swept({ runtime, maxRounds: 6 }); // the real workers
  const names = ["float32", "cnn-static · min-max · per-channel", "mixed · min-max · per-channel"];
  assert.deepEqual(study.trials.map(({ name }) => name), names);
  assert.equal(study.metric.name, "top-1");
  assert.equal(study.maxDrop, 0.5);
  for (const trial of study.trials) {
    assert.equal(trial.error, undefined);
    assert.equal(trial.accuracy?.value.n, 18);
    assert.ok(trial.latency!.rounds >= 6);
    assert.ok(trial.bytes! > 0 && trial.plan.length > 0);
  }
  const [float32, cnn, mixed] = study.trials;
  assert.equal(float32!.nodes!.file, study.model.nodes, "no bodies");
  assert.deepEqual(float32!.nodes, study.model.nodeCounts);
  assert.ok(cnn!.nodes!.executed! > float32!.nodes!.executed!, "it quantizes what goes in");
  assert.equal(float32!.outputs!.sqnr, null); // it is the baseline itself, to the byte
  assert.deepEqual(float32!.accuracy!.value, study.baseline.selection);
  assert.ok(cnn!.outputs!.sqnr! > 20);
  assert.equal(cnn!.executes.QLinearConv, 2);
  assert.equal(mixed!.executes.QLinearConv, 2);
  assert.equal(mixed!.plan.find(({ opType }) => opType === "Gemm")!.asked, "dynamic");

  const told = events.flatMap((event) => event.kind === "trial" ? [event] : []);
  assert.deepEqual(told.map(({ number, of, reused }) => [number, of, reused]), [
    [1, 3, false],
    [2, 3, false],
    [3, 3, false],
  ]);
  const shares = events.flatMap((event) => event.kind === "step" ? event.all ?? [] : []);
  assert.ok(shares.every((share, i) => share >= 0 && share <= 1 && share >= (shares[i - 1] ?? 0)));

  // The same in another thread of another instance: bits, keys and all.
  const executed = (model: Model) => runtime.optimized(model); // which this thread does not tell
  const { study: again } = await swept({ runtime: { ...pacedRuntime(), optimized: executed } });
  assert.deepEqual(accuracies(again), accuracies(study));
});

Deno.test("sweep() measures nothing again in a folder that holds it, and says so", () =>
  inFolder(async (out) => {
    const first = await swept({ out });
    const again = await swept({ out });
    assert.deepEqual(again.study.trials, first.study.trials);
    assert.equal(again.study.provenance.reused, 3);
    const steps = again.events.flatMap((event) => event.kind === "step" ? [event.step] : []);
    assert.ok(!steps.some((step) => /accuracy|latency|calibration|float32/.test(step)), `${steps}`);
    assert.deepEqual(await readStudy(out), again.study);
  }));

Deno.test("sweep() keeps accuracy but not latency for another number of threads", () =>
  inFolder(async (out) => {
    const first = await swept({ out });
    const again = await swept({ out, runtime: pacedRuntime(() => 1, 2) });
    assert.deepEqual(accuracies(again.study), accuracies(first.study));
    assert.equal(again.study.trials[1]!.latency!.threads, 2);
    const steps = again.events.flatMap((event) => event.kind === "step" ? [event.step] : []);
    assert.ok(steps.includes("latency") && !steps.includes("accuracy"));
  }));

Deno.test("sweep() takes times of before for those of the plain binary, and of no other", () =>
  inFolder(async (out) => {
    const run = async (machine: string, binary: Binary = "plain") => {
      const paced = pacedRuntime();
      const environment = async () => ({ ...await paced.environment(), machine, binary });
      const { events, study } = await swept({ out, runtime: { ...paced, environment } });
      const steps = events.flatMap((event) => event.kind === "step" ? [event.step] : []);
      return { steps, notes: (study.notes ?? []).filter((note) => /^Earlier times/.test(note)) };
    };
    const before = "a machine; onnxruntime-web 1.30.0";
    assert.ok((await run(before)).steps.includes("latency"));
    const plain = await run(`${before}, plain binary`);
    assert.ok(!plain.steps.includes("latency"));
    const jsep = await run(`${before}, jsep binary`, "jsep");
    assert.ok(jsep.steps.includes("latency") && !jsep.steps.includes("accuracy"));
    assert.ok(jsep.steps.includes("profile"), "where the time goes is another matter");
    assert.deepEqual([plain.notes, jsep.notes], [[], [
      "Earlier times of this study are of onnxruntime-web 1.30.0, plain binary, 1 thread, Deno 2, V8 14; " +
      "this is onnxruntime-web 1.30.0, jsep binary, 1 thread, Deno 2, V8 14: times are measured anew, " +
      "accuracy is kept.",
    ]]);
  }));

Deno.test("sweep() runs in the onnxruntime-web that its config names", async () => {
  const config = { ...FEW.config, runtime: "1.30" };
  await assert.rejects(
    async () => await sweep(tinyModel(), tinyData(), { ...FEW, config }),
    {
      name: "UserError",
      message: /^Cannot use "1\.30" as onnxruntime-web: it is no whole version/,
    },
  );
});

Deno.test("sweep() stopped by a signal returns what there is, and continues from there", () =>
  inFolder(async (out) => {
    const stop = new AbortController();
    const running = sweep(tinyModel(), tinyData(), {
      ...FEW,
      ...{ out, runtime: pacedRuntime(), signal: stop.signal },
    });
    for await (const event of running) {
      if (event.kind === "trial" && event.number === 2) stop.abort();
    }
    const study = await running;
    assert.equal(study.trials.length, 2);
    assert.deepEqual(await readStudy(out), study);
    const { study: whole, events } = await swept({ out });
    assert.equal(whole.provenance.reused, 2);
    assert.equal(whole.trials.length, 3);
    const told = events.flatMap((event) => event.kind === "trial" ? [event.reused] : []);
    assert.deepEqual(told, [true, true, false]);
  }));

Deno.test("sweep() stopped before anything was measured throws the reason and writes nothing", () =>
  inFolder(async (out) => {
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(swept({ out, signal }), /enough/);
    await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
  }));

Deno.test("sweep() chooses the fastest within the budget, tests it once, and writes it", () =>
  inFolder(async (out) => {
    // Smaller files are faster on this clock.
    const runtime = pacedRuntime((model) => model.bytes().length);
    const { study } = await swept({ out, runtime, config: { ...FEW.config, maxDrop: 100 } });
    const winner = study.trials.find(({ key }) => key === study.winner!.key)!;
    const smallest = Math.min(...study.trials.map(({ bytes }) => bytes!));
    assert.equal(winner.bytes, smallest);
    assert.equal(winner.file, "best.onnx");
    assert.equal(study.winner!.accuracy!.split, "test");
    assert.equal(study.winner!.accuracy!.value.n, study.baseline.test!.n);
    const best = await readModel(join(out, "best.onnx"));
    assert.equal(await best.hash(), winner.modelHash);

    const { key, after, plan } = study.profiles!;
    assert.equal(key, winner.key);
    assert.equal(after.model.hash, winner.modelHash);
    assert.deepEqual(plan.map(({ node }) => node), winner.plan.map(({ node }) => node));
    assert.ok(plan.some(({ ms }) => ms !== undefined) && plan.some(({ dB }) => dB !== undefined));
  }));

Deno.test("sweep() keeps the model as given where whatever is smaller is slower", () =>
  inFolder(async (out) => {
    const runtime = pacedRuntime((model) => 1 / model.bytes().length);
    const { study } = await swept({ out, runtime });
    assert.equal(study.winner, undefined);
    assert.equal(study.baseline.test, undefined);
    const names = [...Deno.readDirSync(out)].map(({ name }) => name);
    assert.deepEqual(names.sort(), [".study.lock", "study.db", "study.json"]);
  }));

Deno.test("sweep() compares with float32 itself where there are no labels", async () => {
  const { study } = await swept({}, tinyData(60, { labelled: false }));
  assert.equal(study.metric.name, "agreement");
  assert.equal(study.baseline.selection.value, 100);
  assert.equal(study.data.labelled, false);
});

Deno.test("sweep() gives a configuration that fails a row and a reason, and goes on", async () => {
  const mappings = { odd: { default: "float32" as const } };
  const config = { ...FEW.config, placements: ["odd", "cnn-static"], mappings };
  const metric = {
    name: "hidden",
    unit: "%",
    higherIsBetter: true,
    score: ({ outputs, reference }: { outputs: unknown; reference: unknown }) => {
      if (outputs !== reference) throw new Error("only float32 will do");
      return 1;
    },
  };
  const { study } = await swept({ config, metric });
  assert.equal(study.trials[0]!.error, undefined);
  assert.match(study.trials[1]!.error!, /Cannot score sample 0 .*only float32 will do/);
  assert.equal(study.winner, undefined);
  assert.deepEqual(study.collapsed!.map(({ sameAs }) => sameAs), ["float32"]);
});

Deno.test("sweep() refuses a rule that matches nothing, before it writes anything", () =>
  inFolder(async (out) => {
    const own = { default: "static", rules: [["frnt", "float32"]] } satisfies MappingConfigInput;
    await assert.rejects(
      swept({ out, config: { placements: ["own"], mappings: { own } } }),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /rule "frnt" matches no node; nearest are "front"/);
        return true;
      },
    );
    await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
  }));

Deno.test("sweep() calibrates once for all numbers of samples, each of which is a trial", () =>
  inFolder(async (out) => {
    const passes = (events: StudyEvent[]) =>
      new Set(
        events.flatMap((event) =>
          event.kind === "step" && event.step === "calibration" ? [event.about] : []
        ),
      ).size;
    const few: SweepConfigInput = {
      ...FEW.config,
      placements: ["cnn-static"],
      calibrationSizes: [1, 4, "all"],
    };
    const { study, events } = await swept({ out, config: few });
    assert.deepEqual(study.trials.map(({ name }) => name), [
      "float32",
      "cnn-static · min-max · per-channel · 1 sample",
      "cnn-static · min-max · per-channel · 4 samples",
      "cnn-static · min-max · per-channel",
    ]);
    assert.equal(new Set(study.trials.map(({ modelHash }) => modelHash)).size, 4);
    assert.equal(passes(events), 1);
    assert.deepEqual(study.trials.map(({ calibration }) => calibration?.samples), [
      ...[undefined, 1, 4, 24],
    ]);
    const series = study.trials.slice(1).map(({ calibration }) => calibration!.series);
    assert.deepEqual(new Set(series), new Set(["cnn-static · min-max · per-channel"]));
    assert.deepEqual(study.ranges!.tensors[0]!.clips.map(({ observer }) => observer), ["min-max"]);
    assert.equal(study.ranges!.samples, 24);
    // Other observers and placements of the same tensors need none.
    const more = await swept({ out, config: { ...few, observers: ["entropy"] } });
    assert.equal(passes(more.events), 0);
    const message = /Cannot calibrate on 999 samples.*the calibration split holds 24/s;
    await assert.rejects(swept({ config: { ...few, calibrationSizes: [999] } }), message);
  }));

Deno.test("sweep() measures corrected networks, and says in the plan what was corrected", async () => {
  const { study } = await swept({
    config: {
      placements: ["cnn-static"],
      weights: ["per-tensor"],
      corrections: ["none", "bias", ["equalize", "bias"]],
    },
  });
  const [, plain, ...corrected] = study.trials;
  assert.equal(plain!.name, "cnn-static · lp-norm 2.4 · per-tensor");
  assert.equal(new Set(study.trials.map(({ modelHash }) => modelHash)).size, 4);
  for (const trial of corrected) {
    assert.equal(trial.error, undefined);
    assert.ok(trial.outputs!.sqnr! > 20);
    const note = trial.plan.map(({ why }) => why).join();
    assert.match(note, trial.name.includes("equalize") ? /equalized with/ : /bias/);
  }
});

Deno.test("sweep() wants to know what a drop of one's own metric means", async () => {
  const metric = { name: "loudness", unit: "phon", higherIsBetter: true, score: () => 1 };
  await assert.rejects(swept({ metric }), /loudness.*--max-drop.*in phon/);
});

Deno.test("sweep() keeps a layer that int8 slows in float32, and does so when it is continued", () =>
  inFolder(async (out) => {
    await using real = openRuntime({ workers: 1 });
    const runtime: Runtime = { ...pacedRuntime(), optimized: (model) => real.optimized(model) };
    // The Conv over three channels takes ten times as long in int8, whenever this is asked.
    const slow: KernelTimer = (timed) =>
      Promise.resolve(timed.map(({ subgraph: { model: { graph } } }) => {
        const isSlow = graph.node.some(({ opType }) => opType === "QuantizeLinear") &&
          graph.initializer.some(({ dims }) => dims.length === 4 && Number(dims[1]) === 3);
        const ms = isSlow ? 10 : 1;
        const form = { input: "float", output: "float" } as const;
        return { ms, meanMs: ms, ...form, conversions: [], runs: [] };
      }));
    const config = { placements: ["cnn-static"] };
    const options = { out, runtime, config, cache: false as const };
    const { study } = await swept({ ...options, kernelTimer: slow });
    const trial = study.trials[1]!;
    const forms = trial.plan.map(({ node, asked, applied = asked }) => [node, applied]);
    assert.equal(Object.fromEntries(forms)["/front/conv1/Conv"], "weightOnly");
    assert.equal(Object.fromEntries(forms)["/front/conv2/Conv"], "static");
    assert.match(
      trial.plan[0]!.why,
      /^weightOnly instead: its int8 kernel takes 10\.0 ms, float32's 1\.00 ms/,
    );
    assert.ok(study.kernelTimes!.measured > 0);
    const never: KernelTimer = () => {
      throw new Error("timed");
    };
    const { study: again } = await swept({ ...options, kernelTimer: never });
    assert.equal(again.provenance.reused, 2);
    assert.deepEqual(accuracies(again), accuracies(study));
    const remade = await remakeTrial(tinyModel(), tinyData(), trial);
    assert.equal(await remade.hash(), trial.modelHash);
  }));

Deno.test("sweep() of an int8 file doubts a reference that it was not made from, and goes on beside no other", () =>
  inFolder(async (out) => {
    const file = await tinyInt8File();
    const { proto } = tinyModel();
    const node = proto.graph!.node.map((one) =>
      one.opType === "Gemm" ? { ...one, output: ["turned"] } : one
    );
    const turned = [...node, makeNode("Neg", ["turned"], ["logits"])];
    const reference = new Model({ ...proto, graph: { ...proto.graph!, node: turned } }, {
      name: "other.onnx",
    });
    const config = { ...FEW.config, placements: ["cnn-static"] };
    const [data, options] = [tinyData(30), { ...FEW, config, runtime: pacedRuntime(), out }];
    const study = await sweep(file, data, { ...options, reference });
    assert.match(
      study.notes!.join(),
      /given file have −?-?\d\.\d dB .* those of other\.onnx: was it made/,
    );
    const names = study.trials.map(({ name }) => name);
    assert.ok(names.includes("float32") && !names.some((name) => /float32 kernels/.test(name)));
    await assert.rejects(
      async () => await sweep(file, data, options),
      /accuracy is against other\.onnx \(.*, this one.s against the model itself/,
    );
  }));
