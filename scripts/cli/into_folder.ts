import { dirname, join, relative } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { readJson } from "../../lib/data/text/tokenizer_files.ts";
import { sha256 } from "../../lib/onnx/model.ts";
import type { ComparisonRecord } from "../../lib/record/comparison_record.ts";
import type { Study } from "../../lib/record/study_record.ts";
import {
  type CardMeasures,
  comparisonMeasures,
  modelCard,
  winnerMeasures,
} from "../../lib/report/model_card.ts";
import { readUserFile } from "../../lib/user_file.ts";
import { writeWhole } from "../../lib/whole_file.ts";
import { cardOf, cardPath, isThere, type ModelFolder } from "./model_folder.ts";

/**
 * Tells in a folder's card of the int8 model that was written into it.
 *
 * @param comparison How it compares with float32, if it was compared.
 * @param otherwise What to say of it where it was not, in a sentence.
 * @returns What to say of it.
 */
export async function intoFolder(
  folder: ModelFolder,
  comparison: ComparisonRecord | undefined,
  otherwise = "It was not measured.",
): Promise<string> {
  await writeCard(
    folder,
    comparison ? comparisonMeasures(comparison) : { table: "", notes: [otherwise] },
  );
  return await folderNote(folder);
}

/**
 * Puts the winner of a study into the folder that its model is in, with its card.
 *
 * @param kept Where the study is kept.
 * @returns What to say of it.
 */
export async function winnerInFolder(
  folder: ModelFolder,
  study: Study,
  kept: string,
): Promise<string> {
  const file = study.trials.find(({ key }) => key === study.winner?.key)?.file;
  if (file === undefined) {
    return `${folder.quantized} was not written: the study has no winner.`;
  }
  await Deno.mkdir(dirname(folder.quantized), { recursive: true });
  await writeWhole(folder.quantized, await readUserFile(join(kept, file)));
  await writeCard(folder, winnerMeasures(study));
  return await folderNote(folder);
}

async function writeCard(folder: ModelFolder, measures: CardMeasures): Promise<void> {
  const { path, name, model, quantized } = folder;
  const config = join(path, "config.json");
  const { architectures } = await isThere(config, "isFile") ? await readJson(config) : {};
  const inside = (file: string) => relative(path, file).replaceAll("\\", "/");
  const card = modelCard(await cardOf(folder), {
    name,
    file: inside(quantized),
    float32: inside(model),
    hash: await sha256(await readUserFile(quantized)),
    maker: `Octavo ${project.version}`,
    architectures: Array.isArray(architectures) ? architectures.map(String) : [],
    measures,
  });
  await writeWhole(cardPath(folder), card);
}

/** Where the written model stands, and what is missing beside it. */
async function folderNote({ path, quantized }: ModelFolder): Promise<string> {
  const missing: string[] = [];
  for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
    if (!await isThere(join(path, file), "isFile")) missing.push(file);
  }
  return `${quantized} is what @huggingface/transformers loads from ${path} by dtype: "q8"; ` +
    `${join(path, "README.md")} tells what was measured.` +
    (missing.length > 0 ? ` What it asks for besides is not there: ${missing.join(", ")}.` : "");
}
