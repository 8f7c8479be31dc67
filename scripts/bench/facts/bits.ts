import { createHash } from "node:crypto";
import type { Model } from "../../../lib/onnx/model.ts";
import { openRuntime } from "../../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../../lib/runtime/runtime.ts";
import type { Feeds } from "../../../lib/tensor/tensor.ts";
import { writeWhole } from "../../../lib/whole_file.ts";
import known from "./bits.json" with { type: "json" };
import { type FactModels, factModels } from "./fact.ts";
import { KERNEL_FACTS } from "./kernel_facts.ts";

/** What the two models of each fact gave, as hashes: of onnxruntime-web 1.30.0, and of whatever gives the same bits. */
export const KNOWN_BITS: Readonly<Record<string, readonly string[]>> = known;

/** Hashes of what the two models of a fact give in a runtime. */
export async function bitsOf(
  { base, other, feeds }: FactModels,
  runtime: Runtime,
): Promise<string[]> {
  return [await hashOf(base, feeds, runtime), await hashOf(other, feeds, runtime)];
}

/** A hash of all values that a model gives. */
async function hashOf(model: Model, feeds: Feeds, runtime: Runtime): Promise<string> {
  const hash = createHash("sha256");
  for await (const results of runtime.run(model, [feeds])) {
    for (const { data } of Object.values(results)) {
      const { buffer, byteOffset, byteLength } = data as Uint8Array;
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

// deno run -A scripts/bench/facts/bits.ts: notes them anew, where models were changed.
if (import.meta.main) {
  await using runtime = openRuntime({ workers: 0 });
  const bits: Record<string, string[]> = {};
  for (const fact of KERNEL_FACTS) {
    bits[fact.name] = await bitsOf(await factModels(fact, runtime), runtime);
  }
  const file = new URL("bits.json", import.meta.url);
  await writeWhole(file.pathname, new TextEncoder().encode(JSON.stringify(bits, null, 2) + "\n"));
}
