import type { DataConfig } from "../../lib/config/data_config.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { joinDatasets, type NamedDataset } from "../../lib/data/join_datasets.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { texts } from "./command.ts";
import { DATA_HELP, readSamples } from "./data.ts";

/** Samples, in one set or several. */
export const SETS_OPTION = texts(
  "[NAME=]PATH",
  `${DATA_HELP}. Several sets of one network, each with a name, are calibrated and judged together and timed each ` +
    "by itself: --data prefill=prefill.npz --data step=step.npz",
);

/**
 * Reads the sets of samples of a model as one, see {@linkcode readSamples}.
 *
 * @throws {UsageError} If there are several, and one has no name.
 */
export async function readSets(
  given: readonly string[],
  model: Model,
  config: DataConfig,
  say: (text: string) => void,
): Promise<Dataset> {
  const sets = await Promise.all(given.map(setOf));
  const [first] = sets;
  if (sets.length === 1) return await readSamples(first!.path, model, config, say);
  const named: NamedDataset[] = [];
  for (const { name, path } of sets) {
    if (name === undefined) {
      throw new UsageError(
        `Several sets of samples each need a name, which ${path} has not: ` +
          `--data prefill=prefill.npz --data step=step.npz`,
      );
    }
    named.push({ name, data: await readSamples(path, model, config, say) });
  }
  return joinDatasets(named);
}

/** Name and path of a set; a file of that very name comes first. */
async function setOf(given: string): Promise<{ readonly name?: string; readonly path: string }> {
  const [, name, path] = /^([A-Za-z][\w-]*)=(.+)$/.exec(given) ?? [];
  if (name === undefined || await Deno.stat(given).then(() => true, () => false)) {
    return { path: given };
  }
  return { name, path: path! };
}
