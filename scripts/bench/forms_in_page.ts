import { join } from "node:path";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Times } from "../../lib/runtime/runtime.ts";
import { runtimeFile } from "../../lib/runtime/package_files.ts";
import { PLAIN_BUILD } from "../../lib/ship/web_runtime.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import type { TimeRow } from "./bench.ts";
import type { FormNetwork } from "./form_networks.ts";
import { npmPackage } from "./npm_package.ts";
import { askPage, requireChromium } from "./ask_page.ts";
import { writePageContent, writePageFile } from "./page_files.ts";

/** Packages of LiteRT.js, by the names that its modules import them by. */
const LITERT = { core: "@litertjs/core@2.5.3", "wasm-utils": "@litertjs/wasm-utils@2.5.3" };

const ROUNDS = 15;

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
  const chromium = await requireChromium();
  const page = join(folder, "page");
  await Deno.mkdir(page, { recursive: true });
  if (tflite) await fetchLiteRt(page);
  const feeds = await data.splits.test.sample(0);
  await writePage(page, [model, ...forms.map((form) => form.model)], feeds, tflite);
  const times = await askPage<Pick<Times, "ms" | "clock">>(chromium, page, "forms.html");
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
  const own = tflite && { tflite: await writePageFile(page, "model.tflite", tflite) };
  const more = { rounds: ROUNDS, ...own };
  await writePageContent(page, "forms_page.js", { models, feeds, more });
  await writePageFile(page, "ort.mjs", await runtimeFile(PLAIN_BUILD.script.name));
  await writePageFile(page, "ort.wasm", await runtimeFile(PLAIN_BUILD.wasm.name));
  const parts = Object.keys(LITERT).map((part) =>
    [`@litertjs/${part}`, `./litert/${part}/package/dist/index.js`] as const
  );
  const imports = { "onnxruntime-web/wasm": "./ort.mjs", ...Object.fromEntries(parts) };
  await writePageFile(
    page,
    "forms.html",
    `<!doctype html>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="forms_page.js"></script>
`,
  );
}
