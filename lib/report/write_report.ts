import type { Study } from "../record/study_record.ts";
import { writeWhole } from "../whole_file.ts";
import { chartsOf } from "./charts.ts";
import { pngOf } from "./png.ts";
import { reportHtml } from "./report_html.ts";
import { reportMarkdown } from "./report_markdown.ts";

/**
 * Writes the report of a study: `report.html` (one self-contained file), `report.md`, and its charts as
 * `charts/*.svg` and `charts/*.png`. Written again from the same study, every byte is the same. Each
 * file replaces an older one as a whole, so that nobody reads half a report.
 *
 * @param folder Where to write; made if it is not there.
 * @returns The paths written.
 * @example From what a sweep left behind
 * ```ts
 * import { study } from "../record/study_record.ts";
 * import { writeReport } from "./write_report.ts";
 * async function again(folder: string) {
 *   const record = study.parse(JSON.parse(await Deno.readTextFile(`${folder}/study.json`)));
 *   return await writeReport(record, folder);
 * }
 * ```
 */
export async function writeReport(study: Study, folder: string): Promise<string[]> {
  const files: [name: string, content: string | Uint8Array][] = [
    ["report.html", reportHtml(study)],
    ["report.md", reportMarkdown(study)],
  ];
  for (const { file, standalone } of chartsOf(study)) {
    const svg = standalone();
    files.push([`charts/${file}.svg`, svg], [`charts/${file}.png`, await pngOf(svg)]);
  }
  return await writeFiles(files, folder);
}

/**
 * Writes the files of a report, some of them into `charts/`. Each replaces an older one as a whole.
 *
 * @returns The paths written.
 */
export async function writeFiles(
  files: readonly (readonly [name: string, content: string | Uint8Array])[],
  folder: string,
): Promise<string[]> {
  await Deno.mkdir(`${folder}/charts`, { recursive: true });
  const written: string[] = [];
  for (const [name, content] of files) {
    const path = `${folder}/${name}`;
    await writeWhole(path, content);
    written.push(path);
  }
  return written;
}
