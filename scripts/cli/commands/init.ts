import { join, relative, resolve } from "node:path";
import { commandName } from "../../../lib/command_name.ts";
import { UsageError, UserError } from "../../../lib/errors.ts";
import { takeNetwork } from "../../../lib/quantize/take_network.ts";
import { summarizeModel } from "../../../lib/onnx/summary.ts";
import { text, WHOLE_FILES } from "../command.ts";
import { READING, readSamples } from "../data.ts";
import { modelPage } from "../init/model_page.ts";
import { takenNames, writeNewFiles } from "../init/new_files.ts";
import { octavoCommand } from "../init/octavo_imports.ts";
import { studyFolderFiles, type StudySubject } from "../init/study_folder.ts";
import { readNetwork } from "../read_network.ts";
import { script, type Shell } from "../shell.ts";

/** Folder of a page, where none is named. */
const PAGE_FOLDER = "page";

const command = {
  name: "init",
  stopped: WHOLE_FILES,
  summary:
    "Makes a folder for work on a model of one's own: deno.json, which imports Octavo, a first " +
    "notebook, a config with comments, .gitignore. With --page, makes a page that runs a model with " +
    "plain onnxruntime-web instead, and shows outputs and times. What is there already is left.",
  operands: {
    folder: {
      placeholder: "FOLDER",
      help: `the folder to make; with --page it may be left out: ${PAGE_FOLDER}`,
      optional: true,
    },
  },
  options: {
    page: text(
      "MODEL",
      "make a page that runs this file, or the best model of this study's folder",
    ),
    model: text("FILE", "the network that the notebook is about; model.onnx by default"),
    data: text(
      "PATH",
      "its samples; for the notebook .npz, by default samples.npz; for a page, made up by default",
    ),
    config: READING,
  },
  examples: [
    "speech --model model.onnx --data samples.npz",
    "--page studies/model --data samples.npz",
    "demo --page best.onnx",
  ],
} as const;

/** What was typed. */
interface Typed {
  readonly page?: string;
  readonly model?: string;
  readonly data?: string;
  readonly config?: string;
}

const main = script(command, async ({ operands: { folder }, options }, shell) => {
  if (options.page !== undefined) return await makePage(options.page, folder, options, shell);
  if (folder === undefined) {
    throw new UsageError(`Missing FOLDER: ${commandName("init")} FOLDER makes it`);
  }
  await makeStudyFolder(folder, options, shell);
});

/** Writes a page, all of it or nothing: files of two pages would not go together. */
async function makePage(
  model: string,
  folder: string = PAGE_FOLDER,
  { model: other, data, config }: Typed,
  shell: Shell,
): Promise<void> {
  if (other !== undefined) {
    throw new UsageError(`--page ${model} names the model already; leave out --model ${other}`);
  }
  shell.progress.update("reading the model");
  const files = await modelPage({ model, data, config }, shell);
  const taken = await takenNames(folder, files.keys());
  if (taken.length > 0) {
    throw new UserError(
      `Cannot make a page in ${folder}: it holds ${taken.join(", ")} already; name another folder`,
    );
  }
  await writeNewFiles(folder, files);
  shell.progress.close();
  await shell.print([
    ...files.keys().map((name) => `Wrote ${join(folder, name)}`),
    "",
    `Serve it with: node ${join(folder, "serve.mjs")}`,
  ].join("\n"));
}

/** Writes what a study folder lacks. */
async function makeStudyFolder(folder: string, typed: Typed, shell: Shell): Promise<void> {
  const files = studyFolderFiles(resolve(folder), await subjectOf(folder, typed, shell));
  const left = await writeNewFiles(folder, files);
  shell.progress.close();
  const written = [...files.keys()].filter((name) => !left.includes(name));
  await shell.print([
    ...written.map((name) => `Wrote ${join(folder, name)}`),
    ...left.map((name) => `Left ${join(folder, name)} as it is`),
    "",
    `Open ${join(folder, "first.ipynb")} in VS Code or JupyterLab, with the kernel "Deno".`,
  ].join("\n"));
}

/** What the folder is about; a model and samples that are named must go together. */
async function subjectOf(
  folder: string,
  { model, data, config }: Typed,
  shell: Shell,
): Promise<StudySubject> {
  if (config !== undefined) {
    throw new UsageError(`--config ${config} goes with --page; a new folder has its own config`);
  }
  if (data !== undefined && model === undefined) {
    throw new UsageError(`--data ${data} needs the model it is for: --model model.onnx`);
  }
  if (data !== undefined && !/\.np[yz]$/i.test(data)) {
    throw new UsageError(
      `--data ${data}: the first notebook reads .npz; make the folder without, and see ` +
        `${commandName("help")} config for how pictures and sounds are read`,
    );
  }
  const from = (path: string) => relative(resolve(folder), resolve(path)).replaceAll("\\", "/");
  const subject = { model: "model.onnx", data: "samples.npz", layer: "layer1.conv1" };
  const command = octavoCommand(resolve(folder));
  if (model === undefined) return { ...subject, command };
  shell.progress.update("reading model and samples");
  const network = await readNetwork(model, shell);
  if (data !== undefined) await readSamples(data, network);
  const { nodes } = await summarizeModel(takeNetwork(network).network);
  const layer = nodes.find(({ float32Bytes, path }) => float32Bytes > 0 && path !== "")?.path;
  return {
    model: from(model),
    data: data === undefined ? subject.data : from(data),
    layer: layer ?? subject.layer,
    command,
  };
}

export default main;
