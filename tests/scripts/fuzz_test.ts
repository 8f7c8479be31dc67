import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { random } from "../../lib/random.ts";
import { judge } from "../../scripts/fuzz/judge.ts";
import { mutantOf } from "../../scripts/fuzz/mutant.ts";
import { mutateBytes } from "../../scripts/fuzz/mutate_bytes.ts";
import { mutateModel } from "../../scripts/fuzz/mutate_model.ts";
import { mutateText } from "../../scripts/fuzz/mutate_text.ts";
import { Tally } from "../../scripts/fuzz/tally.ts";
import { seedModels } from "../../scripts/fuzz/seed_models.ts";
import { targetOf, targets } from "../../scripts/fuzz/targets.ts";
import fuzz from "../../scripts/fuzz.ts";
import { runHere } from "./cli/spawn.ts";

Deno.test("mutateBytes() and mutateModel() leave the file they are given as it is", () => {
  const [model] = seedModels();
  const before = model!.slice();
  const stream = random(3);
  for (let i = 0; i < 200; i++) {
    mutateBytes(model!, stream);
    mutateModel(model!, stream);
  }
  assert.deepEqual(model, before);
});

Deno.test("mutateText() changes tokens of a text, and mostly few of them", () => {
  const stream = random(1);
  const mutants = Array.from({ length: 50 }, () => mutateText('{"bins": 128}', stream));
  assert.ok(new Set(mutants).size > 20);
  assert.ok(
    mutants.some((text) => text.includes("128")) && mutants.some((text) => !/128/.test(text)),
  );
});

Deno.test("mutantOf() makes the same mutant of the same numbers, in any order", async () => {
  const target = targetOf(0, "npy");
  const seeds = await target.seeds();
  const of = (seed: number, number: number) => mutantOf(target, seeds, { seed, number });
  const first = of(7, 5);
  of(7, 6);
  assert.deepEqual(of(7, 5), first);
  assert.notDeepEqual([of(8, 5), of(7, 6)], [first, first]);
});

Deno.test("every reader of the fuzzer takes the files that its mutants are made of", async () => {
  for (const [target] of targets.filter(([{ name }]) => name !== "models")) {
    for (const seed of await target.seeds()) await target.read(seed, (_, task) => task());
  }
});

Deno.test("judge() takes one clear sentence of a UserError for a good end, and nothing else", () => {
  const of = (error: unknown) => judge(error).outcome;
  assert.equal(of(new UserError('Cannot read a.npy: its type "<c8" is none of ...')), "sentence");
  assert.equal(of(new UserError("Cannot quantize a.onnx: it has ")), "unclear");
  assert.equal(of(new UserError("Cannot read a.jpg: [object Object]")), "unclear");
  assert.equal(of(new UserError("Cannot open a.onnx: narrowing_error")), "unclear");
  assert.equal(of(new TypeError("x is not iterable")), "unexpected");
});

Deno.test("Tally tells kinds of failures once, and those of other software apart", () => {
  const tally = new Tally();
  const failed = { outcome: "unexpected", what: "x", where: "lib/a.ts:1", outside: "" } as const;
  tally.add("npy", { number: 1, ...failed });
  tally.add("npy", { number: 2, ...failed });
  tally.add("models", { number: 3, outcome: "hang", outside: "onnxruntime" });
  tally.add("models", { number: 4, outcome: "sentence", outside: "" });
  assert.deepEqual(tally.ours.map(({ count, ending }) => [count, ending.number]), [[2, 1]]);
  assert.deepEqual(tally.others.map(({ reader, count }) => [reader, count]), [["models", 1]]);
  const [, , models] = tally.counts.text.split("\n");
  assert.match(models!, /^models +0 +1 +0 +0 +0 +0 +0 +1$/);
});

Deno.test("fuzz reads mutants in processes of their own, and counts how they end", async () => {
  const { code, stdout } = await runHere(
    fuzz,
    ...["--reader", "npy", "--mutants", "6", "--seed", "3", "--processes", "1"],
  );
  assert.equal(code, 0);
  assert.match(stdout, /^6 mutants of seed 3/);
  assert.equal((await runHere(fuzz, "--reader", "npx")).code, 2);
});
