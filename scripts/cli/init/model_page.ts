import { basename, join } from "node:path";
import project from "../../../deno.json" with { type: "json" };
import { noise } from "../../../lib/data/noise.ts";
import { bytesOf } from "../../../lib/data/shared.ts";
import { UserError } from "../../../lib/errors.ts";
import { valueTypes } from "../../../lib/onnx/graph.ts";
import type { Model } from "../../../lib/onnx/model.ts";
import { plural } from "../../../lib/report/format.ts";
import { openRuntime, runtimeVersions } from "../../../lib/runtime/open_runtime.ts";
import { runtimeFile } from "../../../lib/runtime/package_files.ts";
import { pageFiles, type PageTensor, RUNTIME_FOLDER } from "../../../lib/ship/model_page.ts";
import { PLAIN_BUILD } from "../../../lib/ship/web_runtime.ts";
import { BEST_MODEL } from "../../../lib/study/files.ts";
import type { FileContent } from "../../../lib/whole_file.ts";
import type { Feeds, Tensor } from "../../../lib/tensor/tensor.ts";
import { readSamples, readShared } from "../data.ts";
import { readNetwork } from "../read_network.ts";
import type { Shell } from "../shell.ts";
import type { NewFiles } from "./new_files.ts";

/** Samples that a page runs: enough to see that results differ. */
const SAMPLES = 3;

/** What a page is to be made of. */
export interface PageRequest {
  /** A model's file, or a study's folder. */
  readonly model: string;
  /** Its samples. @default {made up} */
  readonly data?: string;
  /** Config that says how the samples are to be read. */
  readonly config?: string;
}

/** Files of a page that runs a model, with what it gives in Deno. */
export async function modelPage(request: PageRequest, shell: Shell): Promise<NewFiles> {
  const path = await modelPath(request.model);
  const model = await readNetwork(path, shell);
  const { feeds, inputs } = await takeInputs(model, request, shell);
  shell.progress.update("running the samples");
  const outputs = await outputsOf(model, feeds);
  const version = runtimeVersions()["onnxruntime-web"];
  const file = basename(path);
  const bytes = model.bytes();
  const page = pageFiles({
    model: file,
    bytes: bytes.length,
    about: `onnxruntime-web ${version}, against what Octavo ${project.version} got of it in Deno`,
    inputs,
    samples: feeds.map((one, i) => ({ inputs: tensorsOf(one), outputs: tensorsOf(outputs[i]!) })),
  });
  const runtime = await Promise.all(
    [PLAIN_BUILD.script, PLAIN_BUILD.wasm].map(async ({ name }) =>
      [`${RUNTIME_FOLDER}/${name}`, await runtimeFile(name)] as const
    ),
  );
  return new Map<string, FileContent>([...page, [file, bytes], ...runtime]);
}

/** The model that a path means: a file, or the best one of a study. */
async function modelPath(path: string): Promise<string> {
  const isFolder = await Deno.stat(path).then((stat) => stat.isDirectory, () => false);
  if (!isFolder) return path;
  const best = join(path, BEST_MODEL);
  if (await Deno.stat(best).then(() => true, () => false)) return best;
  throw new UserError(
    `Cannot make a page of ${path}: it holds no ${BEST_MODEL}; name a model's file, or the folder of a ` +
      `study that was run to its end`,
  );
}

/** What the page feeds the model, and where that comes from. */
async function takeInputs(
  model: Model,
  { data, config }: PageRequest,
  { progress }: Shell,
): Promise<{ feeds: readonly Feeds[]; inputs: string }> {
  if (data === undefined) {
    const feeds = [noise(valueTypes(model.graph).inputs, model.name)];
    return { feeds, inputs: "The input is made up: noise between 0 and 1, zeros for integers." };
  }
  const samples = await readSamples(data, model, (await readShared(config))?.data, progress.log);
  const count = Math.min(SAMPLES, samples.length);
  const feeds = await Promise.all(Array.from({ length: count }, (_, i) => samples.sample(i)));
  return {
    feeds,
    inputs: `The inputs are the first ${plural(count, "sample")} of ${basename(data)}.`,
  };
}

/** What the model gives in Deno, without outputs of texts. */
async function outputsOf(model: Model, feeds: readonly Feeds[]): Promise<Feeds[]> {
  const outputs = valueTypes(model.graph).outputs
    .filter(({ type }) => type !== "string").map(({ name }) => name);
  await using runtime = openRuntime({ workers: 0 });
  return await Array.fromAsync(runtime.run(model, feeds, { outputs }));
}

function tensorsOf(tensors: Feeds): PageTensor[] {
  return Object.entries(tensors).map(([name, tensor]) => ({ name, ...described(tensor) }));
}

function described(tensor: Tensor): Omit<PageTensor, "name"> {
  const { type, dims, data: { length } } = tensor;
  return { type, dims, length, bytes: bytesOf(tensor).slice() };
}
