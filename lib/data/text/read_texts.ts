import { UserError } from "../../errors.ts";
import { readUserText } from "../../user_file.ts";
import type { TextSample } from "./tokenizer.ts";

/** A text with its class, as a number or a name; or with none. */
export interface LabelledText extends TextSample {
  readonly label?: number | string;
}

/**
 * Reads texts, one a line; or of a `.jsonl` one object a line, with `text`, and a `text_pair` and a `label`
 * if there are any. Empty lines are left out.
 *
 * @throws {UserError} If a line is no such object, or there is no text at all.
 */
export async function readTexts(path: string): Promise<LabelledText[]> {
  return textsIn(await readUserText(path), path);
}

/** The texts that a file holds. */
export function textsIn(content: string, path: string): LabelledText[] {
  const isJson = /\.jsonl$/i.test(path);
  const texts = content.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "") return [];
    return [isJson ? readObject(line, `${path}, line ${index + 1}`) : { text: line }];
  });
  if (texts.length === 0) throw new UserError(`Cannot use ${path}: it holds no text`);
  return texts;
}

function readObject(line: string, where: string): LabelledText {
  const { text, text_pair: pair, label } = parse(line, where);
  if (typeof text !== "string") {
    throw new UserError(
      `Cannot read ${where}: it has no "text"; write { "text": "...", "label": 0 }`,
    );
  }
  if (pair !== undefined && pair !== null && typeof pair !== "string") {
    throw new UserError(`Cannot read ${where}: its "text_pair" is no text`);
  }
  if (
    label !== undefined && label !== null && typeof label !== "number" && typeof label !== "string"
  ) {
    throw new UserError(`Cannot read ${where}: its "label" is neither a number nor a class's name`);
  }
  return {
    text,
    ...typeof pair === "string" && { pair },
    ...(label ?? undefined) !== undefined && { label: label! },
  };
}

function parse(line: string, where: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new UserError(
    `Cannot read ${where}: it is no JSON object; write { "text": "...", "label": 0 }`,
  );
}
