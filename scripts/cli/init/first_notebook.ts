import { basename, extname } from "node:path";

/** What the first notebook is about. */
export interface NotebookSubject {
  /** Path of the model, from the notebook's folder. */
  readonly model: string;
  /** Path of the samples, an `.npz`, from there. */
  readonly data: string;
  /** How Octavo is called on the command line. */
  readonly command: string;
}

/** A notebook for Deno's Jupyter kernel about one's own model: the text of its file. */
export function firstNotebook(subject: NotebookSubject): string {
  const cells = cellsOf(subject).map(([cell_type, text], index) => ({
    cell_type,
    ...(cell_type === "code" && { execution_count: null }),
    id: `cell-${index + 1}`,
    metadata: {},
    ...(cell_type === "code" && { outputs: [] }),
    source: `${text}\n`.match(/.*\n/g)!,
  }));
  const metadata = {
    kernelspec: { display_name: "Deno", language: "typescript", name: "deno" },
    language_info: { file_extension: ".ts", mimetype: "text/x.typescript", name: "typescript" },
  };
  return JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1) + "\n";
}

type Cell = readonly [kind: "markdown" | "code", text: string];

function cellsOf({ model, data, command }: NotebookSubject): readonly Cell[] {
  const stem = basename(model, extname(model));
  return [
    [
      "markdown",
      `# ${stem} in int8

Which layers of this network can go to int8 so that they really run faster in onnxruntime-web, and
what does that cost? Run the cells from the top, on Deno's Jupyter kernel.`,
    ],
    [
      "code",
      `import {
  compare,
  npzDataset,
  quantizeStatic,
  readModel,
  splitDataset,
  summarizeModel,
  sweep,
} from "octavo";
import { scatterOf, table, trialsOf } from "octavo/notebook";

const MODEL = ${JSON.stringify(model)}; // the network: float32, or int8 already
const DATA = ${JSON.stringify(data)}; // an array per input, named like it; labels, if there are

for (const file of [MODEL, DATA]) {
  const isThere = await Deno.stat(file).then(() => true, () => false);
  if (!isThere) throw new Error(\`There is no \${file} yet: put it there, or name yours above\`);
}
const model = await readModel(MODEL);
const data = splitDataset(await npzDataset(DATA, model));
const { nodes } = await summarizeModel(model);
table(
  nodes.filter(({ weights }) => weights !== undefined)
    .map(({ node, opType, path, weights }) => ({ node, operator: opType, path, weights })),
);`,
    ],
    [
      "markdown",
      `## One int8 model

Ranges of the activations come from the calibration split. The plan says of each layer what was asked
for, what the runtime really executes, and why.`,
    ],
    ["code", `const int8 = await quantizeStatic(model, data.calibration);\nint8.plan;`],
    [
      "code",
      `// What did it buy, and what did it cost? Both models see samples that chose no range.
await compare(model, int8, data.selection);`,
    ],
    ["code", `await int8.save(${JSON.stringify(`${stem}.int8.onnx`)});`],
    [
      "markdown",
      `## Several, side by side

A sweep measures configurations against the same baseline, the model as given, and chooses the fastest
that keeps the accuracy.`,
    ],
    [
      "code",
      `const study = await sweep(model, data, {
  config: { placements: ["cnn-static", "compact"], observers: ["lp-norm"] },
});
scatterOf(study);`,
    ],
    ["code", `trialsOf(study);`],
    [
      "markdown",
      `## From here

On the command line, in this folder, what takes longer is kept and goes on where it was stopped:

\`\`\`sh
${command} search ${model} --data ${data} --config octavo.jsonc   # the best mix of forms
${command} init --page studies/${stem}-search --data ${data}   # a page that runs best.onnx
\`\`\``,
    ],
  ];
}
