import assert from "node:assert/strict";
import { type Files, readTar, writeTar } from "../../../scripts/pack/tar.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const files: Files = new Map([
  ["package/lib/a.js", bytes("a".repeat(513))],
  ["package/README.md", bytes("é\n")],
  ["package/empty.js", bytes("")],
]);

Deno.test("readTar() gives back what writeTar() was given, sorted by name", () => {
  const read = readTar(writeTar(files, () => false));
  assert.deepEqual([...read], [...files].sort());
});

Deno.test("writeTar() gives the same bytes for the same files in another order", () => {
  const reversed: Files = new Map([...files].reverse());
  assert.deepEqual(writeTar(files, () => false), writeTar(reversed, () => false));
});

Deno.test("writeTar() makes headers whose checksum is the sum of their bytes, its own as spaces", () => {
  const header = writeTar(new Map([["x", bytes("12345678")]]), () => true).slice(0, 512);
  const text = new TextDecoder().decode(header);
  assert.equal(text.slice(100, 108), "0000755\0");
  assert.equal(text.slice(124, 136), "00000000010\0"); // 8 bytes, in octal
  const sum = parseInt(text.slice(148, 154), 8);
  header.fill(32, 148, 156);
  assert.equal(sum, header.reduce((sum, byte) => sum + byte, 0));
});

Deno.test("writeTar() refuses a name that its header cannot hold", () => {
  const long = "x".repeat(101);
  assert.throws(() => writeTar(new Map([[long, bytes("")]]), () => false), {
    message: `Cannot pack ${long}: its name is longer than 100 bytes`,
  });
});
