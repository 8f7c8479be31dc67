import assert from "node:assert/strict";
import { textDataset } from "../../lib/data/text_dataset.ts";
import { reasonOf } from "../../lib/errors.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import { findChromium } from "./browser.ts";
import type { Installation } from "./installation.ts";
import { type Dtype, fetchTransformers, pipelineOutputs } from "./page_of_transformers.ts";
import { writeTinyBert } from "./tiny_bert.ts";

const TEXTS = ["int8 is small", "Small and fast, and int8 is exact", "exact", "what is that"];

/** Where each file lies that the package loads, in a model folder. */
const FILES: Readonly<Record<Dtype, string>> = {
  fp32: "onnx/model.onnx",
  q8: "onnx/model_quantized.onnx",
};

/**
 * Makes the int8 form of a model folder, and runs both forms by `@huggingface/transformers` in a page: tokens
 * and outputs are to be what they are here, to the bit.
 *
 * @returns Why it cannot be tried here, where it cannot.
 */
export async function transformersInPage({ place }: Installation): Promise<string | void> {
  const name = "tiny-bert";
  const [page, hub] = [place.path("hub"), place.path("hub", "models", name)];
  await writeTinyBert(hub);
  await place.write("lines.txt", `${TEXTS.join("\n")}\n`);
  const data = ["--data", "lines.txt", "--cold-rounds", "0"];
  await place.run("npx", "octavo", "quantize", `hub/models/${name}`, "--dynamic", ...data);
  assert.match(await Deno.readTextFile(`${hub}/README.md`), /pipeline_tag: feature-extraction/);

  const chromium = await findChromium();
  if (chromium === undefined) return "there is no Chromium here";
  try {
    await fetchTransformers(page);
  } catch (error) {
    return reasonOf(error);
  }
  const shown = await pipelineOutputs(chromium, page, name, TEXTS);
  for (const dtype of ["fp32", "q8"] as const) {
    assert.deepEqual(shown[dtype], await outputsHere(hub, FILES[dtype]), dtype);
  }
  assert.notDeepEqual(shown.q8, shown.fp32);
}

/** What a file of a model folder gives for each text. */
async function outputsHere(hub: string, file: string): Promise<number[][]> {
  const model = await readModel(`${hub}/${file}`);
  const data = await textDataset(TEXTS, model, { tokenizer: hub });
  await using runtime = openRuntime({ workers: 0 });
  const samples = await Promise.all(TEXTS.map((_, index) => data.sample(index)));
  const outputs = await Array.fromAsync(runtime.run(model, samples));
  return outputs.map(({ last_hidden_state }) => [...last_hidden_state!.data as Float32Array]);
}
