import { basename, dirname, join } from "node:path";
import { UsageError, UserError } from "../../lib/errors.ts";
import { STUDY_JSON } from "../../lib/study/files.ts";
import { STUDY_FILE } from "../../lib/study/open_study.ts";

/** Where studies are kept by default. */
const STUDIES = "studies";

/** Whether a path means a study, and no model: a folder, or a file that a study keeps its record in. */
export async function meansStudy(path: string): Promise<boolean> {
  if ([STUDY_FILE, STUDY_JSON].includes(basename(path))) return true;
  return await Deno.stat(path).then(
    (stat) => stat.isDirectory,
    () => !path.toLowerCase().endsWith(".onnx"),
  );
}

/**
 * The folder of a study that a path means: the folder itself, that of a file in it, or the only one in
 * a folder of studies.
 */
export async function studyFolder(path: string): Promise<string> {
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
