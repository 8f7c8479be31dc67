import { isNonTensor } from "../../lib/onnx/graph.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { specialize } from "../../lib/passes/specialize.ts";
import { readNamedModel } from "./model_folder.ts";
import type { Shell } from "./shell.ts";

/** Reads the network that a command is to work on, of a file or a model folder, and tells what was changed in reading it. */
export async function readNetwork(
  path: string,
  { progress }: Pick<Shell, "progress">,
): Promise<Model> {
  const model = await readNamedModel(path);
  for (const line of model.amendments) progress.log(`${model.name}: ${line}`);
  const others = model.graph.output.filter(isNonTensor).map(({ name }) => `"${name}"`);
  if (others.length > 0) {
    progress.log(
      `${model.name}: left out of comparisons, as no tensor but a sequence, a map or optional: ` +
        `${others.join(", ")}`,
    );
  }
  return model;
}

/** The network with the branches that its samples take, and tells which. */
export async function specialized(
  model: Model,
  data: Dataset | readonly Dataset[],
  { progress }: Pick<Shell, "progress">,
): Promise<Model> {
  const special = await specialize(model, data);
  const lines = special.amendments.slice(model.amendments.length);
  for (const line of lines) progress.log(`${model.name}: ${line}`);
  return special;
}
