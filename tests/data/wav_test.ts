import assert from "node:assert/strict";
import { readWav, windows } from "../../lib/data/wav.ts";
import { isThere, shared } from "../shared.ts";

interface Fields {
  code?: number;
  channels?: number;
  bits?: number;
  /** What the header says of the data's length. */
  length?: number;
  /** A chunk of its own before the data. */
  extra?: boolean;
}

/** A wav file around these bytes of sound. */
function wav(data: Uint8Array, fields: Fields = {}): Uint8Array {
  const { code = 1, channels = 1, bits = 16, length = data.length, extra = false } = fields;
  const text = (s: string) => [...s].map((c) => c.charCodeAt(0));
  const u16 = (x: number) => [x & 255, x >> 8 & 255];
  const u32 = (x: number) => [...u16(x & 0xffff), ...u16(x >>> 16)];
  const guid = code === 0xfffe ? [...u16(22), ...u16(bits), ...u32(0), ...u16(1)] : [];
  const format = [
    ...[...u16(code), ...u16(channels), ...u32(16000), ...u32(0), ...u16(0), ...u16(bits)],
    ...[...guid, ...Array(guid.length && 14).fill(0)],
  ];
  const chunk = (id: string, bytes: number[], size = bytes.length) => [
    ...[...text(id), ...u32(size), ...bytes, ...Array(bytes.length % 2).fill(0)],
  ];
  const chunks = [
    ...chunk("fmt ", format),
    ...(extra ? chunk("LIST", [1, 2, 3]) : []),
    ...chunk("data", [...data], length),
  ];
  return Uint8Array.from([...text("RIFF"), ...u32(4 + chunks.length), ...text("WAVE"), ...chunks]);
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer);
}

const first = async (bytes: Uint8Array) => [...(await readWav(bytes)).channels[0]!];

Deno.test("readWav() reads integers and floats of every width", async () => {
  const three = [0, 0.5, -1];
  const i16 = bytesOf(Int16Array.of(0, 16384, -32768));
  assert.deepEqual(await first(wav(i16)), three);
  assert.deepEqual(await first(wav(i16, { code: 0xfffe, extra: true })), three);
  assert.deepEqual(await first(wav(Uint8Array.of(128, 192, 0), { bits: 8 })), three);
  const i24 = Uint8Array.of(0, 0, 0, 0, 0, 0x40, 0, 0, 0x80);
  assert.deepEqual(await first(wav(i24, { bits: 24 })), three);
  const i32 = bytesOf(Int32Array.of(0, 2 ** 30, -(2 ** 31)));
  assert.deepEqual(await first(wav(i32, { bits: 32 })), three);
  const float = (values: ArrayBufferView, bits: number) => wav(bytesOf(values), { code: 3, bits });
  assert.deepEqual(await first(float(Float32Array.of(...three), 32)), three);
  assert.deepEqual(await first(float(Float64Array.of(...three), 64)), three);
});

Deno.test("readWav() parts the channels", async () => {
  const bytes = wav(bytesOf(Int16Array.of(16384, -16384, 0, 8192)), { channels: 2 });
  const { channels, sampleRate } = await readWav(bytes, { sampleRate: 16000 });
  assert.equal(sampleRate, 16000);
  assert.deepEqual(channels.map((values) => [...values]), [[0.5, 0], [-0.5, 0.25]]);
});

Deno.test("readWav() reads to the end where the header tells a wrong length", async () => {
  const data = bytesOf(Int16Array.of(16384, 8192));
  for (const length of [0, 1000, 0xffffffff]) {
    assert.deepEqual(await first(wav(data, { length })), [0.5, 0.25]);
  }
  const odd = Uint8Array.of(...data, 7); // half a sample is none
  assert.deepEqual(await first(wav(odd)), [0.5, 0.25]);
});

Deno.test("readWav() says what is wrong with a file", async () => {
  const refuse = (bytes: Uint8Array, message: RegExp, options = {}) =>
    assert.rejects(readWav(bytes, options), { name: "UserError", message });
  const good = wav(new Uint8Array(4));
  await refuse(new Uint8Array(3), /it is not a wav file/);
  await refuse(good.map((byte, i) => i === 0 ? 88 : byte), /it is not a wav file/);
  await refuse(wav(new Uint8Array(4), { code: 7, bits: 8 }), /1 channels of format 7 with 8 bits/);
  await refuse(wav(new Uint8Array(4), { bits: 12 }), /with 12 bits; PCM of 8 to 32/);
  await refuse(good.subarray(0, 24), /its format is cut off/);
  await refuse(good.subarray(0, 36), /it has no sound data/);
  await refuse(wav(new Uint8Array(0)), /it holds no sound/);
  await refuse(wav(new Uint8Array(1)), /it holds no sound/); // half a sample is none
  const late = Uint8Array.of(
    ...good.subarray(0, 12),
    ...good.subarray(36),
    ...good.subarray(12, 36),
  );
  await refuse(late, /it is damaged \(its data come before its format\)/);
  const still = good.slice();
  still.fill(0, 24, 28);
  await refuse(still, /it is damaged \(it has 0 samples per second\)/);
  await refuse(good, /it has 16000 samples per second, but 8000 are wanted; resample it first/, {
    sampleRate: 8000,
  });
  const nan = bytesOf(Float32Array.of(1, NaN));
  await refuse(wav(nan, { code: 3, bits: 32 }), /channel 0 holds NaN or infinity/);
  await assert.rejects(readWav("none.wav"), {
    name: "UserError",
    message: /there is no such file/,
  });
});

const recording = shared("models/gtcrn/mix.wav");
if (!isThere(recording)) console.warn("skipped without the recordings of ../shared: readWav()");

Deno.test("readWav() reads a real recording", { ignore: !isThere(recording) }, async () => {
  const { sampleRate, channels } = await readWav(recording);
  assert.deepEqual([sampleRate, channels.length, channels[0]!.length], [16000, 1, 156302]);
  // As Python's wave module reads it.
  assert.deepEqual([...channels[0]!.subarray(1000, 1004)].map((x) => x * 2 ** 15), [
    -540,
    -576,
    -231,
    -176,
  ]);
});

Deno.test("windows() drops what does not fill a window, and refuses a signal too short", () => {
  const signal = Float32Array.from({ length: 10 }, (_, i) => i);
  assert.deepEqual(windows(signal, { length: 4 }).dims, [2, 4]);
  assert.deepEqual([...windows(signal, { length: 2, hop: 4 }).data], [0, 1, 4, 5, 8, 9]);
  assert.deepEqual([...windows(signal, { length: 2, hop: 8, before: 4 }).data], [0, 0, 4, 5]);
  assert.throws(() => windows(signal, { length: 11, name: "a.wav" }), {
    name: "UserError",
    message: "Cannot cut windows from a.wav: it has 10 values, a window takes 11",
  });
  assert.throws(() => windows(signal, { length: 4, before: 2 ** 32 }), /are more than can be kept/);
  assert.throws(() => windows(signal, { length: 4, before: 1.5 }), RangeError);
  assert.throws(() => windows(signal, { length: 2, hop: 0 }), RangeError);
});
