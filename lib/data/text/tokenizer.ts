import { Tokenizer } from "@huggingface/tokenizers";
import { reasonOf, UserError } from "../../errors.ts";
import { fit } from "./fit.ts";

/** What a network is to be told of one text. */
export interface Encoded {
  /** The tokens. */
  readonly ids: readonly number[];
  /** 0 where a token is the first text's, 1 where it is the second's. */
  readonly types: readonly number[];
  /** Whether some were left out. */
  readonly isCut: boolean;
}

/** A text, or two that the network sees side by side. */
export interface TextSample {
  readonly text: string;
  readonly pair?: string;
}

/** Makes tokens of texts, as a file says. */
export interface TextTokenizer {
  /** Token of places that hold none. */
  readonly padId: number;
  /** Whether such places come before the text. */
  readonly padsLeft: boolean;
  /** Most tokens that its files speak of. */
  readonly maxLength?: number;
  /**
   * @param maxLength Most tokens, those that it adds counted.
   * @throws {UserError} If there is no room for any of the text, or a piece of it has no token.
   */
  encode(sample: TextSample, maxLength: number): Encoded;
}

/** Lengths from this on stand for "none given": transformers writes 10^30. */
const NO_LENGTH = 1e6;

/**
 * Says of whatever the package throws that the file is none that it reads.
 *
 * @throws {UserError} Those of `work` as they are, and one for everything else.
 */
function byTokenizers<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    // What it says on purpose; all else speaks of its code.
    const says = error instanceof Error && !(error instanceof TypeError) &&
      !/undefined|null|NaN/.test(error.message);
    throw new UserError(
      `Cannot use ${name}: it is no tokenizer.json that @huggingface/tokenizers reads` +
        `${says ? ` (${reasonOf(error)})` : ""}; take the file that the network was trained with`,
      { cause: error },
    );
  }
}

/** What the files of a tokenizer hold. */
export interface TokenizerParts {
  /** What messages call it. */
  readonly name: string;
  /** `tokenizer.json`. */
  readonly rules: Readonly<Record<string, unknown>>;
  /** `tokenizer_config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Makes a tokenizer of what its files hold. */
export function tokenizerOf({ name, rules, config }: TokenizerParts): TextTokenizer {
  const tokenizer = byTokenizers(name, () => new Tokenizer(rules, config));
  const padding = object(rules.padding);
  const padToken = textOf(config.pad_token) ?? textOf(padding.pad_token);
  const padId = number(padding.pad_id) ??
    (padToken === undefined ? undefined : tokenizer.token_to_id(padToken)) ?? 0;
  const lengths = [number(object(rules.truncation).max_length), number(config.model_max_length)];
  const maxLength = Math.min(
    ...lengths.filter((one) => one !== undefined && one < NO_LENGTH) as number[],
  );
  const side = textOf(config.padding_side) ?? textOf(padding.direction) ?? "right";
  return {
    ...{ padId, padsLeft: side.toLowerCase() === "left" },
    ...Number.isFinite(maxLength) && { maxLength },
    encode: (sample, most) => byTokenizers(name, () => encodeWith(tokenizer, sample, most, name)),
  };
}

function encodeWith(
  tokenizer: Tokenizer,
  { text, pair }: TextSample,
  maxLength: number,
  name: string,
): Encoded {
  const { ids, token_type_ids: types = [] } = tokenizer.encode(text, {
    text_pair: pair ?? null,
    return_token_type_ids: true,
  });
  const unknown = ids.findIndex((id) => !Number.isInteger(id));
  if (unknown >= 0) {
    throw new UserError(
      `Cannot use ${name}: it has no token for a piece of "${
        text.slice(0, 60)
      }", nor one for what is ` +
        "unknown; take the tokenizer that the network was trained with",
    );
  }
  const parts = () =>
    [text, ...pair === undefined ? [] : [pair]].map((one) =>
      tokenizer.encode(one, { add_special_tokens: false }).ids
    );
  const kept = ids.length <= maxLength ? undefined : fit(ids, parts(), maxLength);
  if (kept === undefined) return { ids, types: ids.map((_, i) => types[i] ?? 0), isCut: false };
  if (kept.length > maxLength) {
    throw new UserError(
      `Cannot cut texts to ${maxLength} tokens: ${name} adds ${kept.length} to each; allow more`,
    );
  }
  return { ids: kept.map((i) => ids[i]!), types: kept.map((i) => types[i] ?? 0), isCut: true };
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A text, or the `content` of a token that is told with more. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string"
    ? value
    : typeof value === "object" && value !== null
    ? textOf((value as { content?: unknown }).content)
    : undefined;
}
