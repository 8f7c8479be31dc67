import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { bytesOf } from "../../lib/data/shared.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";

/** What a page is to time. */
export interface PageContent {
  readonly models: readonly Model[];
  readonly feeds: Feeds;
  /** What else its `manifest.json` says. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Writes a file of a page, and gives back its name. */
export async function writePageFile(
  page: string,
  name: string,
  content: Uint8Array | string,
): Promise<string> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await Deno.writeFile(join(page, name), bytes);
  return name;
}

/** Writes what pages that time models have in common: models, inputs, scripts and `manifest.json`. */
export async function writePageContent(
  page: string,
  script: string,
  { models, feeds, more }: PageContent,
): Promise<void> {
  const inputs = [];
  for (const [index, [name, tensor]] of Object.entries(feeds).entries()) {
    const { type, dims } = tensor;
    if (type === "string") throw new UserError(`Cannot feed a page "${name}": it is text`);
    const bytes = bytesOf(tensor).slice();
    inputs.push({ name, type, dims, file: await writePageFile(page, `input${index}.bin`, bytes) });
  }
  const files = [];
  for (const [index, model] of models.entries()) {
    files.push(await writePageFile(page, `model${index}.onnx`, model.bytes()));
  }
  for (const name of [script, "page_parts.js"]) {
    await writePageFile(page, name, await Deno.readFile(new URL(name, import.meta.url)));
  }
  await writePageFile(page, "manifest.json", JSON.stringify({ models: files, inputs, ...more }));
}
