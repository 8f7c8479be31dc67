import { basename, join, relative, resolve } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { type Model, sha256 } from "../../lib/onnx/model.ts";
import { hashInCard } from "../../lib/report/model_card.ts";
import { readUserFile, readUserText } from "../../lib/user_file.ts";

/** What a command's model may be, for its help. */
export const FOLDER_HELP =
  "the network, float32 or int8 already, or a folder of one as @huggingface/transformers loads it (config.json, " +
  "onnx/model.onnx)";

/** A folder as `@huggingface/transformers` loads it. */
export interface ModelFolder {
  readonly path: string;
  /** Name of the folder. */
  readonly name: string;
  /** The float32 network in it. */
  readonly model: string;
  /** Where its int8 form belongs, which is loaded by `dtype: "q8"`. */
  readonly quantized: string;
}

/** Where the float32 network may lie: as on the hub, or as an exporter leaves it. */
const MODELS = [join("onnx", "model.onnx"), "model.onnx"];

/**
 * The folder that a path names instead of a model's file; undefined where it names a file, or nothing.
 *
 * @throws {UserError} If it holds no model, or several of which none is the model.
 */
export async function modelFolder(path: string | undefined): Promise<ModelFolder | undefined> {
  if (path === undefined || !await isThere(path, "isDirectory")) return undefined;
  for (const model of MODELS) {
    const file = join(path, model);
    if (!await isThere(file, "isFile")) continue;
    const name = basename(resolve(path));
    return { path, name, model: file, quantized: join(path, "onnx", "model_quantized.onnx") };
  }
  const others = [...await onnxFiles(path), ...await onnxFiles(join(path, "onnx"))];
  throw new UserError(
    `Cannot use the folder ${path} as a model: it holds no onnx/model.onnx` +
      (others.length > 0
        ? `, but ${others.map((file) => relative(path, file)).join(", ")}; name one of these files`
        : "; name a model's file, or a folder as the hub has them"),
  );
}

/** Reads the model that a path names: its file, or a folder, after which it is called then. */
export async function readNamedModel(path: string): Promise<Model> {
  const folder = await modelFolder(path);
  return folder ? await readModel(folder.model, folder.name) : await readModel(path);
}

/**
 * The folder that a path names, if it does, into which an int8 model is to be written.
 *
 * @throws {UserError} If it has one already that Octavo did not make: its card does not tell of it.
 */
export async function ownFolder(path: string | undefined): Promise<ModelFolder | undefined> {
  const folder = await modelFolder(path);
  const card = folder && await cardOf(folder); // better refused now than when all the work is done
  if (!folder || !await isThere(folder.quantized, "isFile")) return folder;
  const known = hashInCard(card ?? "");
  if (known !== undefined && known === await sha256(await readUserFile(folder.quantized))) {
    return folder;
  }
  throw new UserError(
    `Cannot write ${folder.quantized}: another one is there already, of which the folder's README.md does ` +
      "not say that Octavo made it; move it away first",
  );
}

/** Where the card of a folder is. */
export function cardPath({ path }: ModelFolder): string {
  return join(path, "README.md");
}

/** The card of a folder, if it has one. */
export async function cardOf(folder: ModelFolder): Promise<string | undefined> {
  const path = cardPath(folder);
  return await isThere(path, "isFile") ? await readUserText(path) : undefined;
}

async function onnxFiles(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.filter(({ name }) => /\.onnx$/i.test(name)).map(({ name }) => join(folder, name))
    .sort();
}

/** Whether there is such a file, or folder. */
export async function isThere(path: string, kind: "isFile" | "isDirectory"): Promise<boolean> {
  return await Deno.stat(path).then((found) => found[kind], () => false);
}
