import assert from "node:assert/strict";
import { printGraph } from "../../lib/onnx/text.ts";
import { SLOW_KERNELS } from "../../lib/quantize/slow_kernels.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { bitsOf, KNOWN_BITS } from "../../scripts/bench/facts/bits.ts";
import { boundsOf, factModels } from "../../scripts/bench/facts/fact.ts";
import { KERNEL_FACTS } from "../../scripts/bench/facts/kernel_facts.ts";
import { readText, typescriptFiles } from "../house/tree.ts";

Deno.test("the models of kernel facts give the bits that they gave, and identical forms the same", async () => {
  await using runtime = openRuntime({ workers: 0 });
  const bits: Record<string, string[]> = {};
  for (const fact of KERNEL_FACTS) {
    const models = await factModels(fact, runtime);
    const [base, other] = bits[fact.name] = await bitsOf(models, runtime);
    const [before, after] = [models.base, models.other].map(({ graph }) => printGraph(graph));
    assert.notEqual(before, after, `${fact.name}: both models are the same`);
    if (fact.isIdentical) assert.equal(other, base, fact.name);
  }
  assert.deepEqual(bits, KNOWN_BITS);
});

Deno.test("a kernel fact that says slower or faster leaves no room for as fast", () => {
  for (const fact of KERNEL_FACTS) {
    const { low, high } = boundsOf(fact);
    const saysTheSame = fact.ratio > 0.85 && fact.ratio < 1.15;
    if (!saysTheSame) assert.ok(high < 1 || low > 1, `${fact.name}: ${low} to ${high}`);
  }
});

Deno.test("a kernel fact and the code that relies on it name each other", async () => {
  const told = new Set(
    KERNEL_FACTS.flatMap(({ name, reliedOnBy }) => reliedOnBy.map((path) => `${path}: ${name}`)),
  );
  const named = new Set<string>();
  for (const path of await typescriptFiles("lib/")) {
    for (const name of factsNamedIn(await readText(path))) named.add(`${path}: ${name}`);
  }
  assert.deepEqual([...told].sort(), [...named].sort());
});

Deno.test("what a plan says of a slow kernel is what its small model is expected to show", () => {
  for (const [kernel, { times: [least, most] }] of Object.entries(SLOW_KERNELS)) {
    const fact = KERNEL_FACTS.find(({ name }) => name === kernel);
    assert.ok(fact && fact.ratio >= least && fact.ratio <= most, `${kernel}: ${fact?.ratio}`);
  }
});

/** The facts that comments name, and those whose ratios plans tell. */
function factsNamedIn(source: string): string[] {
  const text = source.replaceAll(/\n\s*(\*|\/\/)?\s*/g, " ");
  const lists = text.matchAll(
    /kernel facts? ([a-z\d]+(?:-[a-z\d]+)*(?:, [a-z\d]+(?:-[a-z\d]+)*)*)/gi,
  );
  const keys = text.matchAll(/slowBecause\("([a-z\d-]+)"/g);
  return [...lists, ...keys].flatMap(([, names]) => names!.split(", "));
}
