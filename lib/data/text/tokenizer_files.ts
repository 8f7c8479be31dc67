import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../errors.ts";
import { readUserText } from "../../user_file.ts";

/** Where a tokenizer is. */
export interface TokenizerFiles {
  /** What messages call it. */
  readonly name: string;
  /** Path of `tokenizer.json`. */
  readonly json: string;
  /** Path of `tokenizer_config.json` beside it, if there is one. */
  readonly config?: string;
  /** Path of the network's `config.json` beside it, if there is one. */
  readonly network?: string;
}

/** The files of a tokenizer: beside the one that is named, or in a folder. */
export async function tokenizerFiles(path: string | URL): Promise<TokenizerFiles> {
  const name = path instanceof URL ? fileURLToPath(path) : path;
  const isFolder = await stat(name).then((found) => found.isDirectory(), () => false);
  const json = isFolder ? join(name, "tokenizer.json") : name;
  const beside = async (file: string) => {
    const found = join(dirname(json), file);
    return await stat(found).then(() => found, () => undefined);
  };
  const [config, network] = [await beside("tokenizer_config.json"), await beside("config.json")];
  return { name: json, json, ...config && { config }, ...network && { network } };
}

/** Reads a JSON file that holds an object. */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  return jsonIn(await readUserText(path), path);
}

/** The object that a JSON file holds. */
export function jsonIn(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`Cannot read ${path}: it is no JSON; copy or save the file again`, {
      cause: error,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new UserError(`Cannot read ${path}: it holds no JSON object`);
}
