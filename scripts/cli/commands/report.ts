import { dirname, join } from "node:path";
import { UsageError, UserError } from "../../../lib/errors.ts";
import { writeReport } from "../../../lib/report/write_report.ts";
import { STUDY_JSON, writeStudyJson } from "../../../lib/study/files.ts";
import { readStudy, STUDY_FILE } from "../../../lib/study/open_study.ts";
import { flag, WHOLE_FILES } from "../command.ts";
import { script } from "../shell.ts";

/** Where studies are kept by default. */
const STUDIES = "studies";

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

/**
 * The folder of a study that a path means: the folder itself, that of a file in it, or the only one in
 * a folder of studies.
 */
async function studyFolder(path: string): Promise<string> {
  const kind = await Deno.stat(path).then(
    ({ isFile }) => isFile ? "file" : "folder",
    (error) => error instanceof Deno.errors.NotFound ? "nothing" : "folder",
  );
  if (kind === "nothing") {
    const parent = path.includes("/") ? dirname(path) : STUDIES;
    throw new UserError(
      `Cannot read a study from ${path}: there is no such folder${await others(parent)}`,
    );
  }
  const folder = kind === "file" ? dirname(path) : path;
  if (await isStudy(folder)) return folder;
  const studies = await studiesIn(folder);
  if (studies.length === 1) return join(folder, studies[0]!);
  if (studies.length === 0) return folder; // reading says what is wrong with it
  throw new UsageError(`${folder} holds ${studies.join(", ")}: name one`);
}

async function isStudy(folder: string): Promise<boolean> {
  return await Deno.stat(join(folder, STUDY_FILE)).then((stat) => stat.isFile, () => false);
}

/** Names of the studies that a folder holds; none where it cannot be read. */
async function studiesIn(folder: string): Promise<string[]> {
  const studies: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (await isStudy(join(folder, name))) studies.push(name);
    }
  } catch {
    return [];
  }
  return studies.sort();
}

/** The studies that could have been meant, for the end of a message. */
async function others(folder: string): Promise<string> {
  const studies = await studiesIn(folder);
  return studies.length === 0 ? "" : `; ${folder.replace(/\/?$/, "/")} holds ${studies.join(", ")}`;
}

export default main;
