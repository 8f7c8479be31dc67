import { basename } from "node:path";
import type { Study } from "../../lib/record/study_record.ts";

/** What the command of a study says of the model and the samples, as they were typed. */
export interface RecordedSamples {
  /** The samples, where they are still there. */
  readonly data?: string;
  /** The words that may name the model's file. */
  readonly models: readonly string[];
  readonly tokenizer?: string;
  readonly config?: string;
}

/** Reads the command of a study: where its samples are, and how they were read. */
export async function recordedSamples(
  { provenance: { command }, model: { name } }: Study,
): Promise<RecordedSamples> {
  const words = wordsOf(command);
  const [data, tokenizer, config] = ["--data", "--tokenizer", "--config"].map((option) =>
    optionIn(words, option)
  );
  const isThere = data !== undefined && await Deno.stat(data).then(() => true, () => false);
  return {
    ...isThere && { data },
    models: words.filter((word, i) => basename(word) === name && words[i - 1] !== "--reference"),
    ...tokenizer !== undefined && { tokenizer },
    ...config !== undefined && { config },
  };
}

/** What a command line says of an option. */
function optionIn(words: readonly string[], name: string): string | undefined {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

/** The words of a command line as a study records it. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
}
