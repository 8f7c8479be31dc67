import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { binaryFiles } from "../../lib/record/binary.ts";
import { npmPackage } from "../bench/npm_package.ts";
import { answerOfPage } from "./browser.ts";

/** What is tried; outside of browsers it takes the native runtime, and proves nothing. */
const TRANSFORMERS = "@huggingface/transformers@4.3.2";

/** Which file of a model folder is loaded. */
export type Dtype = "fp32" | "q8";

/** The outputs of each text, by the file that ran. */
export type PipelineOutputs = Readonly<Record<Dtype, readonly (readonly number[])[]>>;

/**
 * Puts what a page needs of the package into a folder: its module, and the binary of the runtime that it
 * asks for.
 *
 * @throws {UserError} If the packages cannot be fetched.
 */
export async function fetchTransformers(folder: string): Promise<void> {
  const own = await npmPackage(TRANSFORMERS, join(folder, "transformers"));
  const { dependencies } = JSON.parse(await Deno.readTextFile(join(own, "package.json")));
  const runtime = await npmPackage(
    `onnxruntime-web@${dependencies["onnxruntime-web"]}`,
    join(folder, "onnxruntime-web"),
  );
  await copyFile(join(own, "dist", "transformers.min.js"), join(folder, "transformers.min.js"));
  for (const file of Object.values(binaryFiles("asyncify"))) {
    await copyFile(join(runtime, "dist", file), join(folder, file));
  }
}

/**
 * Runs texts through the package's pipeline in Chromium, with the folder's float32 file and its int8 one.
 *
 * @param folder The one of the page, which holds the model folder under `models/`.
 * @param name Of the model folder.
 */
export async function pipelineOutputs(
  chromium: string,
  folder: string,
  name: string,
  texts: readonly string[],
): Promise<PipelineOutputs> {
  await Deno.writeTextFile(join(folder, "page.html"), pageOf(name, texts));
  return JSON.parse(await answerOfPage(chromium, folder, "page.html"));
}

function pageOf(name: string, texts: readonly string[]): string {
  const { mjs, wasm } = binaryFiles("asyncify");
  return `<!doctype html>
<script type="module">
  const say = (path, body) => fetch(path, { method: "POST", body });
  try {
    const { env, pipeline } = await import("./transformers.min.js");
    // A path: where this is an address, the package does not look for a tokenizer.
    Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: "/models/" });
    Object.assign(env, { useBrowserCache: false, useWasmCache: false });
    const file = (name) => new URL(name, location).href;
    Object.assign(env.backends.onnx.wasm, {
      wasmPaths: { mjs: file("${mjs}"), wasm: file("${wasm}") },
      numThreads: 1,
    });
    const outputs = {};
    for (const dtype of ["fp32", "q8"]) {
      const run = await pipeline("feature-extraction", ${
    JSON.stringify(name)
  }, { dtype, device: "wasm" });
      outputs[dtype] = [];
      for (const text of ${JSON.stringify(texts)}) outputs[dtype].push([...(await run(text)).data]);
    }
    await say("/answer", JSON.stringify(outputs));
  } catch (error) {
    await say("/failure", error.stack);
  }
</script>
`;
}
