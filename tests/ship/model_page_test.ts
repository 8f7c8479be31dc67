import assert from "node:assert/strict";
import { pageFiles, RUNTIME_FOLDER } from "../../lib/ship/model_page.ts";
import { ISOLATION_HEADERS, PLAIN_BUILD } from "../../lib/ship/web_runtime.ts";
import { concat } from "../../scripts/notebooks/zmtp.ts";

const files = pageFiles({
  ...{ model: "a.onnx", bytes: 3, about: "runs", inputs: "made up" },
  samples: [{
    inputs: [
      { name: "flag", type: "bool", dims: [3], length: 3, bytes: Uint8Array.of(1, 0, 1) },
      {
        ...{ name: "count", type: "int64", dims: [], length: 1 },
        bytes: new Uint8Array(BigInt64Array.of(-2n).buffer),
      },
    ],
    outputs: [
      { name: "y", type: "uint8", dims: [1], length: 1, bytes: Uint8Array.of(7) },
    ],
  }],
});

Deno.test("pageFiles() lays tensors where any type may begin, and says where", () => {
  const { samples: [sample] } = JSON.parse(files.get("samples.json") as string);
  const { buffer } = concat(files.get("samples.bin") as Uint8Array[]);
  const [flag, count] = sample.inputs;
  const [y] = sample.outputs;
  assert.deepEqual([...new Uint8Array(buffer, flag.offset, flag.length)], [1, 0, 1]);
  assert.deepEqual([...new BigInt64Array(buffer, count.offset, count.length)], [-2n]);
  assert.deepEqual([...new Uint8Array(buffer, y.offset, y.length)], [7]);
  assert.deepEqual(count.dims, []);
});

Deno.test("the page loads the runtime's plain build, and its server sends what isolates it", () => {
  const text = (name: string) => files.get(name) as string;
  assert.ok(
    text("index.html").includes(
      `"${PLAIN_BUILD.entry}": "./${RUNTIME_FOLDER}/${PLAIN_BUILD.script.name}"`,
    ),
  );
  assert.ok(text("run.js").includes(`from "${PLAIN_BUILD.entry}";`));
  assert.match(text("run.js"), new RegExp(`"${RUNTIME_FOLDER}/${PLAIN_BUILD.wasm.name}"`));
  assert.match(text("index.html"), /src="run\.js"/);
  for (const [name, value] of Object.entries(ISOLATION_HEADERS)) {
    assert.ok(text("serve.mjs").includes(`"${name}": "${value}"`), name);
  }
});
