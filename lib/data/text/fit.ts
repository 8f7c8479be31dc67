/**
 * Which tokens are kept of a sequence that is too long: all that a tokenizer has put around and between
 * its texts, and of the texts what comes first. Of two texts the longer one is cut, as far as that helps.
 *
 * @param ids The whole sequence.
 * @param texts The tokens of each text alone, as they stand in it.
 * @param most Tokens to keep.
 * @returns Places in the sequence, more than `most` where not even the texts' own tokens were enough.
 * @example Two tokens around a text of four
 * ```ts
 * import { fit } from "./fit.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(fit([101, 7, 8, 9, 10, 102], [[7, 8, 9, 10]], 4), [0, 1, 2, 5]);
 * ```
 */
export function fit(
  ids: readonly number[],
  texts: readonly (readonly number[])[],
  most: number,
): number[] {
  const starts: number[] = [];
  let from = 0;
  for (const text of texts) {
    const start = find(ids, text, from);
    // Where a tokenizer writes a text in another way beside its own tokens, the end goes.
    if (start < 0) return Array.from({ length: most }, (_, i) => i);
    starts.push(start);
    from = start + text.length;
  }
  const lengths = texts.map(({ length }) => length);
  const added = ids.length - lengths.reduce((sum, length) => sum + length, 0);
  const room = shared(lengths, Math.max(0, most - added));
  const isLeftOut = (i: number) =>
    starts.some((start, text) => i >= start + room[text]! && i < start + lengths[text]!);
  return [...ids.keys()].filter((i) => !isLeftOut(i));
}

/** Room for each of one or two texts: the shorter one is cut where half of it is not enough. */
function shared(lengths: readonly number[], room: number): number[] {
  const [first = 0, second] = lengths;
  if (second === undefined) return [room];
  const less = Math.min(first, second, Math.floor(room / 2));
  return first > second ? [room - less, less] : [less, room - less];
}

function find(ids: readonly number[], part: readonly number[], from: number): number {
  for (let at = from; at + part.length <= ids.length; at++) {
    if (part.every((id, i) => ids[at + i] === id)) return at;
  }
  return -1;
}
