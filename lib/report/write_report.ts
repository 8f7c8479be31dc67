import type { AblationRecord } from "../record/ablation_record.ts";
import type { Study } from "../record/study_record.ts";
import { writeWhole } from "../whole_file.ts";
import type { Page } from "./page.ts";

/**
 * Writes the report of a study: `report.html` (one self-contained file), `report.md`, and its charts as
 * `charts/*.svg` and `charts/*.png`. Written again from the same study, every byte is the same. Each
 * file replaces an older one as a whole, so that nobody reads half a report.
 *
 * @param folder Where to write; made if it is not there.
 * @returns The paths written.
 * @example From what a sweep left behind
 * ```ts
 * import { type Study, writeReport } from "octavo";
 * async function again(folder: string) {
 *   const record: Study = JSON.parse(await Deno.readTextFile(`${folder}/study.json`));
 *   return await writeReport(record, folder);
 * }
 * ```
 * @category Studies
 */
export async function writeReport(study: Study, folder: string): Promise<string[]> {
  const { studyPage } = await import("./study_sections.ts");
  return await writePage(studyPage(study), folder);
}

/**
 * Writes the report of an ablation as {@linkcode writeReport} does that of a study, and its record as
 * `ablation.json`.
 *
 * @returns The paths written.
 */
export async function writeAblation(record: AblationRecord, folder: string): Promise<string[]> {
  await Deno.mkdir(folder, { recursive: true });
  const { ablationPage } = await import("./ablation_sections.ts");
  const path = `${folder}/ablation.json`;
  await writeWhole(path, `${JSON.stringify(record, null, 2)}\n`);
  return [path, ...await writePage(ablationPage(record), folder)];
}

async function writePage(page: Page, folder: string): Promise<string[]> {
  await Deno.mkdir(`${folder}/charts`, { recursive: true });
  const { chartsIn, pageHtml, pageMarkdown } = await import("./page.ts");
  const { pngOf } = await import("./png.ts");
  const written: string[] = [];
  const write = async (name: string, content: string | Uint8Array) => {
    await writeWhole(`${folder}/${name}`, content);
    written.push(`${folder}/${name}`);
  };
  await write("report.html", pageHtml(page));
  await write("report.md", pageMarkdown(page));
  for (const { file, standalone } of chartsIn(page)) {
    const svg = standalone();
    await write(`charts/${file}.svg`, svg);
    await write(`charts/${file}.png`, await pngOf(svg));
  }
  return written;
}
