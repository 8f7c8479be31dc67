import { plural } from "../../report/format.ts";

/** A part of a tokenizer of which `@huggingface/tokenizers` 0.2.0 makes another than Python's package. */
interface Unlike {
  readonly part: string;
  /** Texts in which that shows. */
  readonly shows: RegExp;
  readonly does: string;
}

const UNLIKE: readonly Unlike[] = [
  { part: "Whitespace", shows: /[^\p{ASCII}\s]/u, does: "cuts words at letters beyond ASCII" },
  { part: "Punctuation", shows: /\p{P}\p{P}/u, does: "does not cut between two marks in a row" },
  { part: "BertNormalizer", shows: /Σ(?!\p{L})/u, does: "makes another small letter of a last Σ" },
];

/**
 * What of a tokenizer makes other tokens in JavaScript than in Python, where networks are trained, with how
 * many of the texts that concerns: a page gets the tokens that are measured here, but they may not be those
 * that the network has learned. In sentences.
 *
 * @param rules What its `tokenizer.json` holds.
 */
export function unlikePython(
  rules: Readonly<Record<string, unknown>>,
  texts: readonly string[],
): string[] {
  const types = typesIn([rules.normalizer, rules.pre_tokenizer]);
  return UNLIKE.flatMap(({ part, shows, does }) => {
    const concerned = types.has(part) ? texts.filter((text) => shows.test(text)).length : 0;
    if (concerned === 0) return [];
    return [
      `The tokenizer's ${part} ${does} in JavaScript, in a page as here, and not in Python: ` +
      `${plural(concerned, "text")} of ${texts.length} may have other tokens than in training.`,
    ];
  });
}

/** The types of parts, and of the parts of those. */
function typesIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value !== "object" || value === null) return found;
  if ("type" in value && typeof value.type === "string") found.add(value.type);
  for (const inner of Object.values(value)) typesIn(inner, found);
  return found;
}
