import { writeReport } from "../lib/report/write_report.ts";
import { STUDY_JSON, writeStudyJson } from "../lib/study/files.ts";
import { readStudy } from "../lib/study/open_study.ts";
import { runScript, script } from "./shell.ts";

const command = {
  name: "report",
  summary: "Writes the report of a study again from what is stored of it, also of one that was " +
    "stopped. The same study gives the same bytes. Nothing is measured.",
  operands: { folder: { placeholder: "FOLDER", help: "folder of the study" } },
  options: {},
  examples: ["deno task report studies/sample"],
} as const;

const main = script(command, async ({ operands: { folder } }, { progress, print }) => {
  const study = await readStudy(folder);
  progress.update("drawing charts");
  await writeStudyJson(study, folder);
  const files = await writeReport(study, folder);
  progress.close();
  await print([`${folder}/${STUDY_JSON}`, ...files].join("\n"));
});

export default main;

if (import.meta.main) await runScript(main);
