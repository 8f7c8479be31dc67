import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { megabytes } from "../lib/report/format.ts";
import { writeWhole } from "../lib/whole_file.ts";
import { text } from "./cli/command.ts";
import { makePackage, tarballOf } from "./pack/package.ts";
import { readProject } from "./pack/read_project.ts";
import { runScript, script } from "./cli/shell.ts";

const command = {
  name: "pack",
  summary: "Makes the npm package octavo-VERSION.tgz, which brings its own Deno: " +
    "npm install octavo-VERSION.tgz, then npx octavo. The same files give the same bytes.",
  operands: {},
  options: { out: text("FOLDER", "where it is written; here by default") },
  examples: ["deno task pack --out reports"],
} as const;

const main = script(command, async ({ options }, { print, progress }) => {
  const { out = "." } = options;
  progress.update("compiling");
  const { project, files } = await readProject(fileURLToPath(new URL("..", import.meta.url)));
  const packed = await makePackage(project, files);
  const bytes = await tarballOf(packed);
  const { name, version } = packed.manifest;
  await Deno.mkdir(out, { recursive: true });
  const path = join(out, `${name}-${version}.tgz`);
  await writeWhole(path, bytes);
  await print(`${path}: ${megabytes(bytes.length)}, ${packed.files.size} files`);
});

export default main;

if (import.meta.main) await runScript(main);
