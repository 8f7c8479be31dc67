import type { Random } from "../../lib/random.ts";
import { below, mutateBytes, oneOf } from "./mutate_bytes.ts";

/** What people and programs write that was not meant. */
const ODD = [
  ...["null", "true", "[]", "{}", '""', "-1", "0", "1e999", "-0", "1e308", "9007199254740993"],
  ...['"__proto__"', '"constructor"', '"\\u001b[7m"', '"\\ud800"', "undefined", "NaN", "/*", "//"],
  ...["[".repeat(300), '{"a":'.repeat(200), '"' + "a".repeat(3000) + '"'],
];

/** Words, texts, numbers and marks of JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[\w.+-]+|[{}[\],:]/g;

/** Changes some tokens of a JSON text: another value, one of the text's own, none, or one twice. */
export function mutateText(text: string, stream: Random): string {
  let mutant = text;
  do {
    const tokens = [...mutant.matchAll(TOKEN)];
    if (tokens.length === 0) return oneOf(ODD, stream);
    const { index, 0: token } = oneOf(tokens, stream);
    const other = oneOf(
      [
        () => oneOf(ODD, stream),
        () => oneOf(tokens, stream)[0],
        () => "",
        () => token + token,
        () => token.slice(0, below(token.length, stream)),
      ],
      stream,
    )();
    mutant = mutant.slice(0, index) + other + mutant.slice(index + token.length);
  } while (stream.chance(0.4));
  return mutant;
}

/** Changes a file of text as one, or now and then its bytes. */
export function mutateWritten(bytes: Uint8Array, stream: Random): Uint8Array {
  if (stream.chance(0.2)) return mutateBytes(bytes, stream);
  return new TextEncoder().encode(mutateText(new TextDecoder().decode(bytes), stream));
}
