import type { DescMessage } from "@bufbuild/protobuf";

/** One field of a message as it lies in the file: the number with the wire type, then the content. */
interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly content: Uint8Array;
}

/**
 * The slow plain writing of what a decoder and an encoder must agree on: the bytes of a message with
 * its fields in the order of their numbers, those not known last, and without the names and numbers
 * that are present but empty where presence means nothing. A message of its own code, so that the two
 * check each other.
 */
export function canonical(bytes: Uint8Array, schema: DescMessage): Uint8Array {
  const known = new Map(schema.fields.map((field) => [field.number, field]));
  const fields = parse(bytes).flatMap((field): Field[] => {
    const description = known.get(field.number);
    const inner = description?.message;
    if (inner) return [{ ...field, content: canonical(field.content, inner) }];
    const implicit = description && description.presence === 2 &&
      (description.fieldKind === "scalar" || description.fieldKind === "enum");
    const empty = field.content.every((byte) => byte === 0) && field.wireType !== 2 ||
      field.content.length === 0;
    return implicit && empty ? [] : [field];
  });
  const order = ({ number }: Field) => known.has(number) ? number : Infinity;
  fields.sort((a, b) => order(a) - order(b) || 0); // stable; two of the unknown give NaN, so 0
  return write(fields);
}

function parse(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    const start = at;
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return { value, raw: bytes.subarray(start, at) };
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint().value);
    const [number, wireType] = [tag >>> 3, tag & 7];
    let length = wireType === 1 ? 8 : 4;
    if (wireType === 0) {
      fields.push({ number, wireType, content: varint().raw });
      continue;
    }
    if (wireType === 2) length = Number(varint().value);
    fields.push({ number, wireType, content: bytes.subarray(at, at + length) });
    at += length;
  }
  return fields;
}

function write(fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(({ number, wireType, content }) => [
    varint(number * 8 + wireType),
    ...(wireType === 2 ? [varint(content.length)] : []),
    content,
  ]);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A number as protobuf writes it: seven bits to a byte, the lowest first. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push(rest % 128 + 128);
  }
}
