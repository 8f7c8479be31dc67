import type { Random } from "../../lib/random.ts";

/** Values at which readers go wrong: ends of the integer types, and what is next to them. */
const ENDS = [
  ...[0n, 1n, 2n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n],
  ...[0xffffffffn, 1n << 32n, 1n << 40n, (1n << 62n) + 1n, (1n << 63n) - 1n, 1n << 63n, -1n],
];

/** One change of some bytes. The bytes given are left as they are. */
type Change = (bytes: Uint8Array, stream: Random) => Uint8Array;

/** An integer in [0, end). */
export function below(end: number, stream: Random): number {
  return Math.floor(stream.between(0, Math.max(1, end)));
}

/** One of a list. */
export function oneOf<T>(list: readonly T[], stream: Random): T {
  return list[below(list.length, stream)]!;
}

function changed(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  return copy;
}

const flipBit: Change = (bytes, stream) =>
  changed(bytes, (copy) => copy[below(copy.length, stream)]! ^= 1 << below(8, stream));

const setByte: Change = (bytes, stream) =>
  changed(bytes, (copy) => copy[below(copy.length, stream)] = stream.bits() & 0xff);

/** An end of an integer type in place of 1, 2, 4 or 8 bytes, in either order. */
const setEnd: Change = (bytes, stream) => {
  const width = oneOf([1, 2, 4, 8], stream);
  const value = oneOf(ENDS, stream);
  const at = below(bytes.length - width + 1, stream);
  const little = stream.chance(0.7);
  return changed(bytes, (copy) => {
    for (let i = 0; i < width && at + i < copy.length; i++) {
      const shift = BigInt(8 * (little ? i : width - 1 - i));
      copy[at + i] = Number((value >> shift) & 0xffn);
    }
  });
};

const cutOff: Change = (bytes, stream) => bytes.slice(0, below(bytes.length, stream));

const takeOut: Change = (bytes, stream) => {
  const at = below(bytes.length, stream);
  return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + below(16, stream)));
};

const putIn: Change = (bytes, stream) => {
  const at = below(bytes.length, stream);
  const more = Uint8Array.from({ length: 1 + below(16, stream) }, () => stream.bits() & 0xff);
  return joined(bytes.subarray(0, at), more, bytes.subarray(at));
};

/** A piece of the file once more, somewhere else. */
const repeat: Change = (bytes, stream) => {
  const from = below(bytes.length, stream);
  const piece = bytes.subarray(from, from + 1 + below(64, stream));
  const at = below(bytes.length, stream);
  return joined(bytes.subarray(0, at), piece, bytes.subarray(at));
};

/** Another number where one is written in digits. */
const setNumber: Change = (bytes, stream) => {
  const text = new TextDecoder("latin1").decode(bytes);
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return setEnd(bytes, stream);
  const { index, 0: digits } = oneOf(numbers, stream);
  const other = oneOf(["-1", "0", "1e999", "8.5", "1e308", ...ENDS.map(String)], stream);
  const end = index + digits.length;
  const written = new TextEncoder().encode(other);
  return joined(bytes.subarray(0, index), written, bytes.subarray(end));
};

const CHANGES = [flipBit, setByte, setEnd, cutOff, takeOut, putIn, repeat, setNumber];

/** A few changes at once: mostly one or two. */
export function mutateBytes(bytes: Uint8Array, stream: Random): Uint8Array {
  let mutant = bytes;
  do mutant = oneOf(CHANGES, stream)(mutant, stream); while (stream.chance(0.4));
  return mutant;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
