import { dirname, join } from "node:path";
import { UsageError } from "../lib/errors.ts";
import { writeReport } from "../lib/report/write_report.ts";
import { STUDY_JSON, writeStudyJson } from "../lib/study/files.ts";
import { readStudy, STUDY_FILE } from "../lib/study/open_study.ts";
import { runScript, script } from "./shell.ts";

const command = {
  name: "report",
  summary: "Writes the report of a study again from what is stored of it, also of one that was " +
    "stopped. The same study gives the same bytes. Nothing is measured.",
  operands: { folder: { placeholder: "FOLDER", help: "folder of the study, or a file in it" } },
  options: {},
  examples: ["deno task report studies/sample"],
} as const;

const main = script(command, async ({ operands }, { progress, print }) => {
  const folder = await studyFolder(operands.folder);
  const study = await readStudy(folder);
  progress.update("drawing charts");
  await writeStudyJson(study, folder);
  const files = await writeReport(study, folder);
  progress.close();
  await print([`${folder}/${STUDY_JSON}`, ...files].join("\n"));
});

/**
 * The folder of a study that a path means: the folder itself, that of a file in it, or the only one in
 * a folder of studies.
 */
async function studyFolder(path: string): Promise<string> {
  const isFile = await Deno.stat(path).then((stat) => stat.isFile, () => false);
  const folder = isFile ? dirname(path) : path;
  const isStudy = (folder: string) =>
    Deno.stat(join(folder, STUDY_FILE)).then((stat) => stat.isFile, () => false);
  if (await isStudy(folder)) return folder;
  const studies: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (await isStudy(join(folder, name))) studies.push(name);
    }
  } catch {
    return folder; // reading says what is wrong with it
  }
  if (studies.length === 1) return join(folder, studies[0]!);
  if (studies.length === 0) return folder;
  throw new UsageError(`${folder} holds ${studies.sort().join(", ")}: name one`);
}

export default main;

if (import.meta.main) await runScript(main);
