import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chooseBinary } from "../../../lib/runtime/deno/choose_binary.ts";
import { binaryFiles } from "../../../lib/record/binary.ts";
import { inTempFolder } from "../../temp_folder.ts";

const task = "Cannot use it";

Deno.test("chooseBinary() points to the two files beside the module", () =>
  inTempFolder(async (folder) => {
    for (const name of Object.values(binaryFiles("jsep"))) {
      await Deno.writeTextFile(join(folder, name), "");
    }
    const beside = pathToFileURL(join(folder, "ort.mjs")).href;
    const wasm: Parameters<typeof chooseBinary>[0] = {};
    await chooseBinary(wasm, "jsep", { module: beside, task });
    assert.deepEqual(wasm.wasmPaths, {
      mjs: new URL("ort-wasm-simd-threaded.jsep.mjs", beside).href,
      wasm: new URL("ort-wasm-simd-threaded.jsep.wasm", beside).href,
    });
    await assert.rejects(chooseBinary({}, "asyncify", { module: beside, task }), {
      name: "UserError",
      message:
        /^Cannot use it: there is no \S+\.asyncify\.mjs .*, which has jsep; name one of these/,
    });
    const other = "https://host/dist/ort.mjs"; // of which nobody looks whether it is there
    await chooseBinary(wasm, "plain", { module: other, task });
    assert.deepEqual(wasm.wasmPaths, {
      mjs: "https://host/dist/ort-wasm-simd-threaded.mjs",
      wasm: "https://host/dist/ort-wasm-simd-threaded.wasm",
    });
  }));

Deno.test("chooseBinary() says where a folder has no binary, and an engine no JSPI", async () => {
  const module = "file:///no/such/dist/ort.mjs";
  await assert.rejects(
    chooseBinary({}, "plain", { module, task }),
    /which has none of the binaries; name a release/,
  );
  const suspending = Object.getOwnPropertyDescriptor(WebAssembly, "Suspending");
  Reflect.deleteProperty(WebAssembly, "Suspending");
  try {
    await assert.rejects(chooseBinary({}, "jspi", { module, task }), /this engine has no JSPI/);
  } finally {
    if (suspending) Object.defineProperty(WebAssembly, "Suspending", suspending);
  }
});
