import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Times } from "../../lib/runtime/runtime.ts";
import { runtimeFile } from "../../lib/runtime/package_files.ts";
import { ISOLATION_HEADERS, PLAIN_BUILD } from "../../lib/ship/web_runtime.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import { answerOfPage, findChromium } from "../installs/browser.ts";
import type { TimeRow } from "./bench.ts";
import type { FormNetwork } from "./form_networks.ts";
import { npmPackage } from "./npm_package.ts";
import { pageClock } from "./page_clock.ts";

/** Packages of LiteRT.js, by the names that its modules import them by. */
const LITERT = { core: "@litertjs/core@2.5.3", "wasm-utils": "@litertjs/wasm-utils@2.5.3" };

const ROUNDS = 15;

/** Most time that a page may take: large models are slow to warm up. */
const PATIENCE_MS = 15 * 60_000;

/**
 * Times forms of a network in Chromium against the network as given, in turns, with one thread; beside
 * them LiteRT.js, where the network is there for it.
 *
 * @param folder Of the page; what is there stays for the next network.
 */
export async function formsInPage(
  { name, model, data, tflite }: FormNetwork,
  forms: readonly { readonly what: string; readonly model: Model }[],
  folder: string,
): Promise<TimeRow[]> {
  const chromium = await findChromium();
  if (chromium === undefined) throw new UserError("Cannot time pages: there is no Chromium here");
  const page = join(folder, "page");
  await Deno.mkdir(page, { recursive: true });
  if (tflite) await fetchLiteRt(page);
  const feeds = await data.splits.test.sample(0);
  await writePage(page, [model, ...forms.map((form) => form.model)], feeds, tflite);
  let clock: ReturnType<typeof pageClock> | undefined;
  const times: Pick<Times, "ms" | "clock"> = JSON.parse(
    await answerOfPage(chromium, page, "forms.html", {
      headers: ISOLATION_HEADERS,
      patienceMs: PATIENCE_MS,
      async tell(browser) {
        clock ??= pageClock(browser);
        return String(await clock() ?? "");
      },
    }),
  );
  const timed = [...forms.map(({ what }) => what), ...tflite ? ["LiteRT.js, float32"] : []];
  return timed.map((what, index) => ({
    what: `${name} in Chromium, ${what}`,
    against: "as given",
    latency: latencyRatio(times, { candidate: index + 1 }),
  }));
}

async function fetchLiteRt(page: string): Promise<void> {
  for (const [part, specifier] of Object.entries(LITERT)) {
    const folder = join(page, "litert", part);
    const isThere = await Deno.stat(folder).then(() => true, () => false);
    if (!isThere) await npmPackage(specifier, folder);
  }
}

async function writePage(
  page: string,
  models: readonly Model[],
  feeds: Feeds,
  tflite: Uint8Array | undefined,
): Promise<void> {
  const write = async (name: string, content: Uint8Array | string) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(join(page, name), bytes);
    return name;
  };
  const inputs = [];
  for (const [index, [name, { type, dims, data }]] of Object.entries(feeds).entries()) {
    if (!ArrayBuffer.isView(data)) throw new UserError(`Cannot feed a page "${name}": it is text`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    inputs.push({ name, type, dims, file: await write(`input${index}.bin`, bytes) });
  }
  const files = [];
  for (const [index, model] of models.entries()) {
    files.push(await write(`model${index}.onnx`, model.bytes()));
  }
  const own = tflite && { tflite: await write("model.tflite", tflite) };
  await write(
    "manifest.json",
    JSON.stringify({ models: files, inputs, rounds: ROUNDS, ...own }),
  );
  await write("ort.mjs", await runtimeFile(PLAIN_BUILD.script.name));
  await write("ort.wasm", await runtimeFile(PLAIN_BUILD.wasm.name));
  await write("page.js", await Deno.readFile(new URL("forms_page.js", import.meta.url)));
  const parts = Object.keys(LITERT).map((part) =>
    [`@litertjs/${part}`, `./litert/${part}/package/dist/index.js`] as const
  );
  const imports = { "onnxruntime-web/wasm": "./ort.mjs", ...Object.fromEntries(parts) };
  await write(
    "forms.html",
    `<!doctype html>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="page.js"></script>
`,
  );
}
