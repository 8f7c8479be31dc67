import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Model } from "../onnx/model.ts";
import type { Study } from "../record/study_record.ts";
import { writeWhole } from "../whole_file.ts";
import { trialFront } from "../record/best.ts";

/** The record of a study, in its folder. */
export const STUDY_JSON = "study.json";

/** The model that was chosen, in the folder of its study. */
export const BEST_MODEL = "best.onnx";

/**
 * Writes the models of a study that are worth keeping: the winner as `best.onnx`, and those on the
 * front of latency, accuracy and size under their names. Each file is written whole or not at all; one
 * that is there already with the right bytes is left alone.
 *
 * @param makeModel Makes the model of a trial, by its key.
 * @param old Files of an earlier run, by trial; models that are no longer worth keeping are removed.
 * @returns The key of the trial that each file holds.
 */
export async function writeModels(
  study: Study,
  folder: string,
  makeModel: (key: string) => Promise<Model>,
  old: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const winner = study.trials.find(({ key }) => key === study.winner?.key);
  const kept = [...(winner ? [winner] : []), ...trialFront(study, study.trials)];
  const files: Record<string, string> = {};
  for (const trial of new Set(kept)) {
    const file = trial === winner ? BEST_MODEL : fileName(trial.name, files);
    const path = join(folder, file);
    if (await hashOf(path) !== trial.modelHash) await (await makeModel(trial.key)).save(path);
    files[file] = trial.key;
  }
  for (const [file, key] of Object.entries(old)) {
    if (key === "" || file in files) continue;
    await Deno.remove(join(folder, file)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  return files;
}

/** Writes the record of a study as `study.json`. The same study gives the same bytes. */
export async function writeStudyJson(study: Study, folder: string): Promise<void> {
  await writeWhole(join(folder, STUDY_JSON), JSON.stringify(study, null, 2) + "\n");
}

/** `mixed · percentile 99.99 · per-channel` → `mixed-percentile-99.99-per-channel.onnx`. */
function fileName(name: string, taken: Readonly<Record<string, string>>): string {
  const slug = name.replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "") || "model";
  let file = `${slug}.onnx`;
  for (let i = 2; file in taken || file === BEST_MODEL; i++) file = `${slug}-${i}.onnx`;
  return file;
}

async function hashOf(path: string): Promise<string | undefined> {
  const bytes = await Deno.readFile(path).catch(() => undefined);
  return bytes && createHash("sha256").update(bytes).digest("hex");
}
