import assert from "node:assert/strict";
import { readText, ROOT, trackedFiles } from "./tree.ts";

const files = await trackedFiles();
if (!files) {
  console.warn("tests/house: no git checkout here, the tests of the file tree are skipped");
}

const BINARY = /\.(onnx|png|npz|npy|wasm|ttf|data)$/;

Deno.test("the top level holds only what it may", { ignore: !files }, () => {
  const allowed =
    /^(deno\.json|deno\.lock|mod\.ts|lib|cli|notebooks|scripts|tests|findings|README\.md|LICENSE|\..+)$/;
  const top = new Set(files!.map((path) => path.split("/")[0]!));
  assert.deepEqual([...top].filter((name) => !allowed.test(name)), []);
});

Deno.test("the lock file names no host, so that it holds behind any registry", async () => {
  const lock = await readText("deno.lock");
  assert.deepEqual(lock.match(/.*:\/\/.*/g) ?? [], []);
});

Deno.test(
  "no file names a package registry or a folder of one machine",
  { ignore: !files },
  async () => {
    // Put together here so that this file passes its own test.
    const hosts = [["registry", "npmjs"], ["npm", "jsr", "io"], ["pypi", "org"]]
      .map((parts) => parts.join("\\."));
    const folders = ["work", "root", "home", "Users", "tmp"].join("|");
    const forbidden = new RegExp(`${hosts.join("|")}|(?<![\\w.:*-])/(${folders})/`);
    const found: string[] = [];
    for (const path of files!.filter((path) => !BINARY.test(path))) {
      (await readText(path)).split("\n").forEach((line, i) => {
        if (forbidden.test(line)) found.push(`${path}:${i + 1}: ${line.trim().slice(0, 120)}`);
      });
    }
    assert.deepEqual(found, []);
  },
);

Deno.test("no file is over 8 MiB", { ignore: !files }, async () => {
  const sizes = await Promise.all(files!.map(async (path) => {
    const { size } = await Deno.stat(new URL(path, ROOT));
    return { path, size };
  }));
  assert.deepEqual(sizes.filter(({ size }) => size > 8 * 2 ** 20), []);
});
