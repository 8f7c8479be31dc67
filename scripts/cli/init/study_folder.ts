import { octavoImports } from "./octavo_imports.ts";
import { firstNotebook, type NotebookSubject } from "./first_notebook.ts";

/** What a new study folder is about. */
export interface StudySubject extends NotebookSubject {
  /** Module path of one of its layers, for the example of a rule. */
  readonly layer: string;
}

/**
 * Files of a folder in which one's own model is worked on.
 *
 * @param folder Where they are to lie, an absolute path.
 */
export function studyFolderFiles(folder: string, subject: StudySubject): Map<string, string> {
  return new Map([
    ["deno.json", JSON.stringify(octavoImports(folder), null, 2) + "\n"],
    ["octavo.jsonc", configText(subject)],
    ["first.ipynb", firstNotebook(subject)],
    [".gitignore", "# What Octavo writes can be made again.\n/studies/\n/ablations/\n/page/\n"],
  ]);
}

/** A config in which nothing is decided yet: every key stands behind two slashes, with what it does. */
function configText({ layer, command }: StudySubject): string {
  return `// What Octavo is told of this model, for all commands: --config octavo.jsonc.
// Each key is optional: take away its two slashes to set it. This explains all that there are:
//   ${command} help config
{
  // How accuracy is measured, and the most that it may drop, in its unit. By default the metric is
  // chosen by what the outputs are.
  // "metric": "top-1",
  // "maxDrop": 0.5,

  // What is to be least: "latency", "size" of the file, or "download", its size after brotli.
  // "objective": "download",

  // Threads of the runtime while time is measured: as many as your page will have.
  // "threads": 1,

  // The WASM binary of onnxruntime-web that your page's import loads: "plain" is "onnxruntime-web/wasm",
  // "jsep" is "onnxruntime-web", "asyncify" is "onnxruntime-web/webgpu".
  // "binary": "plain",

  // Samples to find ranges with, to choose by, and for the number that is reported.
  // "calibration": 100,
  // "selection": 400,
  // "test": 400,

  // How samples are read that are no .npz: a folder of pictures, a sound.
  // "data": { "images": { "resize": 256, "crop": [224, 224], "mean": 0.5, "std": 0.25 } },

  // quantize and ablate: what becomes of the nodes. Later rules win.
  // "default": "wasm",
  // "rules": [[${JSON.stringify(layer)}, "float32"], [{ "op": "GRU" }, "weightOnly"]],

  // Seed of the shuffle that splits the samples.
  "seed": 0
}
`;
}
