import { writeReport } from "../../../lib/report/write_report.ts";
import { STUDY_JSON, writeStudyJson } from "../../../lib/study/files.ts";
import { readStudy } from "../../../lib/study/open_study.ts";
import { flag, WHOLE_FILES } from "../command.ts";
import { studyFolder } from "../find_study.ts";
import { script } from "../shell.ts";

const command = {
  name: "report",
  stopped: WHOLE_FILES,
  summary: "Writes the report of a study again from what is stored of it, also of one that was " +
    "stopped. The same study gives the same bytes. Nothing is measured.",
  operands: { folder: { placeholder: "FOLDER", help: "folder of the study, or a file in it" } },
  options: { json: flag("print the study's record as JSON, in place of the names of the files") },
  examples: ["studies/sample"],
} as const;

const main = script(command, async ({ operands, options }, { progress, print }) => {
  const folder = await studyFolder(operands.folder);
  const study = await readStudy(folder);
  progress.update("drawing charts");
  await writeStudyJson(study, folder);
  const files = await writeReport(study, folder);
  progress.close();
  await print(
    options.json
      ? JSON.stringify(study, null, 2)
      : [`${folder}/${STUDY_JSON}`, ...files].join("\n"),
  );
});

export default main;
