import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BINARIES } from "../../../lib/record/binary.ts";
import { VERIFIED_RUNTIME } from "../../../lib/record/verified_runtime.ts";
import { openRuntime } from "../../../lib/runtime/open_runtime.ts";
import { float32 } from "../../../lib/tensor/tensor.ts";
import { inTempFolder } from "../../temp_folder.ts";
import { doubling } from "../models.ts";

/** Address of a module of a text, in a folder. */
async function moduleOf(folder: string, text: string): Promise<string> {
  const path = join(folder, "ort.mjs");
  await Deno.writeTextFile(path, text);
  return pathToFileURL(path).href;
}

/** Octavo's own onnxruntime-web, in the name of another version. */
function another(version: string): string {
  const own = import.meta.resolve("onnxruntime-web");
  return `import * as own from ${JSON.stringify(own)};
export const { InferenceSession, Tensor } = own;
export const env = { versions: { web: ${JSON.stringify(version)} }, wasm: own.env.wasm };`;
}

Deno.test("openRuntime() runs models in the onnxruntime-web that it is given, and names it", () =>
  inTempFolder(async (folder) => {
    const ort = await moduleOf(folder, another("1.99.0"));
    await using runtime = openRuntime({ workers: 1, ort });
    const { versions, machine } = await runtime.environment();
    assert.equal(versions["onnxruntime-web"], `1.99.0 from ${ort}`);
    assert.ok(machine.endsWith(`onnxruntime-web 1.99.0 from ${ort}, plain binary`));
    const model = doubling();
    for await (const { y } of runtime.run(model, [{ x: float32([2], [1, 2]) }])) {
      assert.deepEqual(y, float32([2], [3, 5]));
    }
    assert.ok(await runtime.optimized(model), "its glue code was found through whoever called it");
  }));

Deno.test("openRuntime() loads the binary that it is given, names it, and looks into it", async () => {
  for (const wanted of BINARIES.slice(1)) {
    await using runtime = openRuntime({ workers: 1, binary: wanted });
    const { engine, binary, release, machine } = await runtime.environment();
    assert.deepEqual([binary, release], [wanted, VERIFIED_RUNTIME]);
    assert.ok(
      machine.endsWith(`; ${engine}; onnxruntime-web ${VERIFIED_RUNTIME}, ${wanted} binary`),
    );
    for await (const { y } of runtime.run(doubling(), [{ x: float32([2], [1, 2]) }])) {
      assert.deepEqual(y, float32([2], [3, 5]));
    }
    assert.ok(await runtime.optimized(doubling()), `the glue code of ${wanted} is known`);
  }
});

Deno.test("openRuntime() says of a module that is something else what it exports", () =>
  inTempFolder(async (folder) => {
    const ort = await moduleOf(folder, "export const quantize = 1;");
    await using runtime = openRuntime({ workers: 1, ort });
    const wrong = { name: "UserError", message: /: it exports quantize and no InferenceSession/ };
    await assert.rejects(runtime.environment(), wrong);
    await assert.rejects(runtime.optimized(doubling()), wrong);
  }));

Deno.test("openRuntime() says that an onnxruntime-web is too old", () =>
  inTempFolder(async (folder) => {
    const own =
      "export const { Tensor } = own;\nexport class InferenceSession { static create() {} }";
    const old = another("1.21.0").replace(/export const {.*/, own);
    await using runtime = openRuntime({ workers: 1, ort: await moduleOf(folder, old) });
    await assert.rejects(runtime.environment(), /1\.21\.0 is too old, .* name 1\.22 or newer/);
  }));

Deno.test("openRuntime() says that a module is not there, or cannot start", () =>
  inTempFolder(async (folder) => {
    await using missing = openRuntime({ workers: 1, ort: new URL("file:///no/such.mjs") });
    await assert.rejects(missing.environment(), {
      name: "UserError",
      message: /^Cannot use file:\/\/\/no\/such.mjs as onnxruntime-web: Module not found/,
    });
    const nowhere = `${another("1.99.0")}\nown.env.wasm.wasmPaths = "file:///no/such/folder/";`;
    const ort = await moduleOf(folder, nowhere);
    await using stuck = openRuntime({ workers: 1, ort });
    await assert.rejects(stuck.environment(), { name: "UserError", message: /does not start: / });
  }));

Deno.test("openRuntime() says that a bundle has one thread in Deno", async () => {
  await using runtime = openRuntime({ workers: 1, threads: 2, ort: "onnxruntime-web/wasm" });
  await assert.rejects(runtime.environment(), {
    name: "UserError",
    message: /^Cannot use onnxruntime-web\/wasm as .* with 1 thread only, not with 2; a release /,
  });
});

Deno.test("openRuntime() refuses what no worker can import", () => {
  const refuses = (ort: string, message: RegExp) =>
    assert.throws(() => openRuntime({ ort }), { name: "UserError", message });
  refuses(
    "",
    /^Cannot use "" as onnxruntime-web: it is empty; give a version such as 1\.30\.0, or /,
  );
  refuses("1.30", /"1\.30" .*: it is no whole version;/);
  refuses("./ort.mjs", /"\.\/ort\.mjs" .*: it is a path/);
  refuses("C:\\ort.mjs", /is a path/);
  refuses("ftp://host/ort.mjs", /has the scheme ftp:/);
  refuses("no-such-package", /Octavo does not know it/);
  assert.throws(
    () => openRuntime({ workers: 0, ort: "onnxruntime-web/wasm" }),
    /without workers: in this thread models run in Octavo's own/,
  );
  assert.throws(
    () => openRuntime({ workers: 0, binary: "jsep" }),
    /of the jsep binary without workers: in this thread models run in the plain one/,
  );
  const binary = "webgl" as "plain"; // as from a program without types
  assert.throws(() => openRuntime({ binary }), /has no binary "webgl"; it has plain, jsep, /);
});
