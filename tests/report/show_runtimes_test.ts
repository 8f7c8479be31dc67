import assert from "node:assert/strict";
import type { Binary } from "../../lib/record/binary.ts";
import type { RuntimeRow, RuntimeTable } from "../../lib/record/runtime_table.ts";
import { releaseTableText, runtimeTableText } from "../../lib/report/show_runtimes.ts";

const about = {
  schema: 1,
  subject: { name: "q.onnx", bytes: 2e6, float32: "f.onnx", samples: "4 samples of s.npz" },
  ...{ engine: "Deno 2", machine: "a machine", threads: 1 },
} as const satisfies Partial<RuntimeTable>;

/** A row whose times are so many times those of the first. */
function row(binary: Binary, times: number, more: Partial<RuntimeRow> = {}): RuntimeRow {
  const around = (value: number) => ({ value, low: 0.98 * value, high: 1.02 * value, n: 21 });
  return {
    ...{ release: "1.30.0", binary, nodes: 1200, bits: "same" },
    start: { ms: 400 * times, ratio: around(times) },
    ...{ ms: 10 * times, toFirst: around(times), ratio: around(0.4 * times) },
    ...more,
  };
}

function loads(entry: string, bytes: number): RuntimeRow["loads"] {
  return [{ entry, files: [], bytes, download: { gzip: bytes / 4, brotli: bytes / 5 } }];
}

Deno.test("the table of binaries has a line for each import, and advises the one that loads least", () => {
  const rows = [
    row("plain", 1, { loads: loads("onnxruntime-web/wasm", 14e6) }),
    row("jsep", 2, {
      loads: [...loads("onnxruntime-web", 28e6)!, ...loads("onnxruntime-web/all", 29e6)!],
      bits: { model: "q.onnx", node: "fc", opType: "Gemm", tensor: "y" },
    }),
    { release: "1.30.0", binary: "jspi", refused: "It does not start" } as const,
  ];
  const lines = runtimeTableText({ ...about, rows }).split("\n");
  assert.deepEqual(lines.slice(2, 6).map((line) => line.trimEnd().split(/ {2,}/)), [
    [
      ...["onnxruntime-web/wasm", "plain", "14.0 MB", "3.50 MB", "2.80 MB", "400 ms", "10.0 ms"],
      ...["×0.40 [0.39, 0.41]", "same", "1,200"],
    ],
    [
      ...["onnxruntime-web", "jsep", "28.0 MB", "7.00 MB", "5.60 MB"],
      ...["800 ms ×2.00 [1.96, 2.04]", "20.0 ms ×2.00 [1.96, 2.04]"],
      ...["×0.80 [0.78, 0.82]", "differ", "1,200"],
    ],
    [
      ...["onnxruntime-web/all", "jsep", "29.0 MB", "7.25 MB", "5.80 MB"],
      ...["800 ms ×2.00 [1.96, 2.04]", "20.0 ms ×2.00 [1.96, 2.04]"],
      ...["×0.80 [0.78, 0.82]", "differ", "1,200"],
    ],
    ["", "jspi"],
  ]);
  const text = lines.join("\n");
  assert.match(text, /^q\.onnx, 2\.00 MB, against f\.onnx; 4 samples of s\.npz; 1 thread, /m);
  assert.match(text, /^jspi: It does not start\.$/m);
  assert.match(
    text,
    /^jsep: other bits than plain, in q\.onnx first in "y", which the Gemm "fc" makes\.$/m,
  );
  assert.match(
    lines.at(-1)!,
    /^Write `import \* as ort from "onnxruntime-web\/wasm";`, 2\.80 MB after brotli: "onnxruntime-web" loads 5\.60 MB, takes ×2\.00 of its time to start and ×2\.00 of its time for a run; .*wasmPaths = /,
  );
});

Deno.test("the advice takes another import where the least makes the model slower beyond noise", () => {
  const rows = [
    row("plain", 1, { loads: loads("onnxruntime-web/wasm", 14e6) }),
    row("jspi", 0.7, { loads: loads("onnxruntime-web/jspi", 17e6) }),
  ];
  assert.match(
    runtimeTableText({ ...about, rows }).split("\n").at(-1)!,
    /^Write `import \* as ort from "onnxruntime-web\/jspi";`, 3\.40 MB after brotli\.$/,
  );
});

Deno.test("the table of releases says which opens the model, and what is executed otherwise", () => {
  const rows: RuntimeRow[] = [
    row("plain", 1, { release: "1.29.0" }),
    { release: "1.28.0", binary: "plain", refused: "There is no such release" },
    row("plain", 1.05, { release: "1.30.0" }),
    row("plain", 2, {
      release: "1.31.0",
      changes: [{ opType: "QGemm", before: 1, after: 0, node: "fc" }],
      kernel: { node: "c1", opType: "Conv", before: 1, after: 3, factor: 3 },
    }),
  ];
  const text = releaseTableText({ ...about, rows });
  assert.match(text, /^ *1\.28\.0 +no$/m);
  assert.match(text, /^1\.28\.0: There is no such release\.$/m);
  assert.match(
    text,
    /^ *1\.31\.0 +yes +same .*QGemm 1 → 0 \(fc\); Conv "c1" takes ×3\.00$/m,
  );
  assert.match(
    text,
    /\nAll 3 that open it give the same bits, and its time to float32's changes from 1\.30\.0 \(×0\.42 .*\) to 1\.31\.0 \(×0\.80 .*\)\.$/,
  );
  const { subject: { float32: _, ...alone }, ...rest } = about;
  const steady = releaseTableText({ ...rest, subject: alone, rows: rows.slice(0, 3) });
  assert.match(steady, /\nAll 2 .* and its time does not change by more than 10 % for certain\.$/);
});

Deno.test("times against a file that is int8 already are to that file", () => {
  const subject = { ...about.subject, given: { form: "int8" as const } };
  const rows = [row("plain", 1), row("plain", 1, { release: "1.29.0" })];
  const binaries = runtimeTableText({ ...about, subject, rows });
  assert.match(binaries, /to the given file/);
  const releases = releaseTableText({ ...about, subject, rows });
  assert.match(releases, /its time to the given file's does not change/);
  for (const text of [binaries, releases]) assert.doesNotMatch(text, /float32/);
});
