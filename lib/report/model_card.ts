import type { ComparisonRecord } from "../record/comparison_record.ts";
import { baselineWords } from "../record/given_record.ts";
import type { Study } from "../record/study_record.ts";
import { comparisonNotes, type ComparisonRow, comparisonRows } from "./comparison.ts";
import { caveats, headline } from "./headline.ts";
import { codeBlock, escapeMarkdown } from "./markdown.ts";
import { markdownTable } from "./table.ts";
import { trialColumns, trialRows } from "./trial_table.ts";

/** What a card says of how a file was measured. */
export interface CardMeasures {
  /** In Markdown; "" where nothing was measured. */
  readonly table: string;
  /** Sentences above and below it. */
  readonly headline?: string;
  readonly notes: readonly string[];
}

/** What a file in a model folder is. */
export interface CardFile {
  /** Name of the folder. */
  readonly name: string;
  /** Path of the file in it, and of the network that it was made from. */
  readonly file: string;
  readonly float32: string;
  /** SHA-256 of the file. */
  readonly hash: string;
  /** What made it: `Octavo 1.2.3`. */
  readonly maker: string;
  /** Names of the classes in transformers that the network was trained in, as its `config.json` says. */
  readonly architectures: readonly string[];
  readonly measures: CardMeasures;
}

/** Around what is written here, so that the rest of a card is left alone. */
const [BEGIN, END] = ["<!-- octavo: begin -->", "<!-- octavo: end -->"];

/** What a class of transformers is for, by the end of its name. */
const TASKS: readonly (readonly [end: string, task: string])[] = [
  ["ForSequenceClassification", "text-classification"],
  ["ForTokenClassification", "token-classification"],
  ["ForQuestionAnswering", "question-answering"],
  ["ForMaskedLM", "fill-mask"],
  ["ForCausalLM", "text-generation"],
  ["LMHeadModel", "text-generation"],
  ["ForImageClassification", "image-classification"],
  ["Model", "feature-extraction"],
];

/** What a comparison of two models says of the second. */
export function comparisonMeasures(record: ComparisonRecord): CardMeasures {
  const { short } = baselineWords(record);
  const heads = { what: "", before: short, candidate: "this file", change: "change" };
  const columns = (["what", "before", "candidate", "change"] as const).map((key) => ({
    head: heads[key],
    text: (row: ComparisonRow) => row[key],
  }));
  return {
    table: markdownTable(comparisonRows(record), columns),
    notes: comparisonNotes(record),
  };
}

/** What a study says of its winner. */
export function winnerMeasures(study: Study): CardMeasures {
  const rows = trialRows(study).filter(({ kind }) => kind === "baseline" || kind === "winner");
  const columns = trialColumns(study).filter(({ head }) =>
    !["#", "family", "remarks"].includes(head)
  );
  const { machine, threads } = study.provenance;
  // What concerns the numbers; what to do next and where times come from is for whoever made the study.
  const { kernelTimes: _, notes: __, search: ___, ...measured } = study;
  return {
    headline: headline(study),
    table: markdownTable(rows, columns),
    notes: [
      `Chosen among ${study.trials.length} on samples of ${study.data.name}; times with ${threads} ` +
      `thread${threads === 1 ? "" : "s"}, ${machine}. In brackets 95 % intervals.`,
      ...caveats(measured),
    ],
  };
}

/**
 * The card of a model folder, in which one part tells of a file that was made: it takes the place of the
 * part that told of one before, or stands at the end. A card that has no front matter is given some.
 *
 * @param before The card as it is; undefined where there is none.
 */
export function modelCard(before: string | undefined, file: CardFile): string {
  const task = taskOf(file.architectures);
  const card = before ?? `# ${escapeMarkdown(file.name)}\n`;
  const part = `${BEGIN}\n${partOf(file, task)}${END}`;
  const [start, end] = [card.indexOf(BEGIN), card.indexOf(END)];
  const whole = start >= 0 && end > start
    ? card.slice(0, start) + part + card.slice(end + END.length)
    : `${card.trimEnd()}\n\n${part}\n`;
  return /^---\r?\n/.test(whole) ? whole : `${frontMatter(task)}\n${whole}`;
}

/** The hash of the file that a card tells of. */
export function hashInCard(card: string): string | undefined {
  const part = card.slice(Math.max(0, card.indexOf(BEGIN)), Math.max(0, card.indexOf(END)));
  return /SHA-256 `([0-9a-f]{64})`/.exec(part)?.[1];
}

function taskOf(architectures: readonly string[]): string | undefined {
  return TASKS.find(([end]) => architectures.some((name) => name.endsWith(end)))?.[1];
}

function frontMatter(task: string | undefined): string {
  const lines = [
    "library_name: transformers.js",
    ...task === undefined ? [] : [`pipeline_tag: ${task}`],
    ...["tags:", "  - onnx", "  - int8", "  - octavo"],
  ];
  return `---\n${lines.join("\n")}\n---\n`;
}

function partOf(
  { file, float32, hash, maker, measures, name }: CardFile,
  task: string | undefined,
): string {
  const { headline, table, notes } = measures;
  return [
    `## ${file}\n`,
    `\`${float32}\` for onnxruntime-web's WASM kernels, made and measured by ${maker}. ` +
    '`@huggingface/transformers` loads it by `dtype: "q8"`:\n',
    `${codeBlock(loadingCode(name, task), "js")}\n`,
    ...headline === undefined ? [] : [`${escapeMarkdown(headline)}\n`],
    ...table === "" ? [] : [table],
    ...notes.length === 0 ? [] : [notes.map((note) => `- ${escapeMarkdown(note)}\n`).join("")],
    "`@huggingface/transformers` brings a release of onnxruntime-web of its own: it gives the same numbers " +
    `wherever they were compared, and its times may differ. SHA-256 \`${hash}\`.\n`,
  ].join("\n");
}

function loadingCode(name: string, task: string | undefined): string {
  const options = '{ dtype: "q8", device: "wasm" }';
  const id = JSON.stringify(name);
  return task === undefined
    ? `import { AutoModel } from "@huggingface/transformers";\n` +
      `const model = await AutoModel.from_pretrained(${id}, ${options});`
    : `import { pipeline } from "@huggingface/transformers";\n` +
      `const run = await pipeline(${JSON.stringify(task)}, ${id}, ${options});`;
}
