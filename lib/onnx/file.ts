import { UserError } from "../errors.ts";
import { isMissing } from "../system_errors.ts";
import { externalFiles, moveIn } from "./external_data.ts";
import { amendedModel, decodeProto, type Model } from "./model.ts";

/**
 * Reads an ONNX model, with the weights it keeps in other files.
 *
 * @param path A path, or a URL: `file:`, or `http(s):` for one that sits beside a module on the web.
 * @param name How the model is called. @default {its file's name}
 * @throws {UserError} If the file is missing, is not an ONNX model or is cut off; if its weights are
 * missing, or lie outside of the model's folder.
 * @example
 * ```ts ignore
 * const model = await readModel("net.onnx");
 * console.log(model.name, model.opset, model.graph.node.length);
 * ```
 * @category Model
 */
export async function readModel(path: string | URL, name?: string): Promise<Model> {
  const shown = path instanceof URL && path.protocol === "file:"
    ? decodeURIComponent(path.pathname)
    : String(path);
  const own = name ?? (shown.split(/[/\\]/).at(-1) || shown);
  const bytes = await readBytes(path, shown);
  const proto = decodeProto(bytes, own);
  const external = externalFiles(proto);
  if (external.size === 0) return amendedModel(proto, { name: own, bytes });

  const files = new Map<string, Uint8Array>();
  for (const file of external) files.set(file, await readBeside(path, file, shown));
  return amendedModel(moveIn(proto, files), { name: own });
}

async function readBytes(
  path: string | URL,
  shown: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (path instanceof URL && path.protocol !== "file:") {
    const response = await fetch(path);
    if (response.ok) return await response.bytes();
    await response.body?.cancel();
    throw new UserError(`Cannot read ${shown}: the server answers ${response.status}`);
  }
  const { readUserFile } = await import("../user_file.ts"); // a page has none
  return await readUserFile(path, shown);
}

/** Reads a file in the folder of `model`. Links that lead out of the folder are refused. */
async function readBeside(
  model: string | URL,
  file: string,
  shown: string,
): Promise<Uint8Array> {
  const what = `the weights of ${shown} in ${file}`;
  if (model instanceof URL) {
    const beside = new URL(file.split("/").map(encodeURIComponent).join("/"), model);
    if (model.protocol !== "file:") return await readBytes(beside, what);
    return await readInside(new URL(".", model), beside, what);
  }
  const folder = model.slice(0, Math.max(model.lastIndexOf("/"), model.lastIndexOf("\\")) + 1);
  return await readInside(folder || ".", folder + file, what);
}

async function readInside(
  folder: string | URL,
  path: string | URL,
  what: string,
): Promise<Uint8Array> {
  const { readUserFile } = await import("../user_file.ts");
  const { realpath } = await import("node:fs/promises");
  const root = await realpath(folder);
  // A file that is missing is reported by the reading.
  const real = await realpath(path).catch(() => undefined);
  if (real === root) throw new UserError(`Cannot read ${what}: it names a folder, and no file`);
  if (
    real !== undefined && !(real.startsWith(root) && /[/\\]/.test(root.at(-1)! + real[root.length]))
  ) {
    throw new UserError(
      `Cannot read ${what}: the file is a link out of the model's folder, which is not followed ` +
        `for safety`,
    );
  }
  return await readUserFile(path, what, { mayBeEmpty: true }).catch((error) => {
    if (!isMissing(error)) throw error;
    throw new UserError(`${error.message}; the model was exported in two files: copy both`, {
      cause: error.cause,
    });
  });
}
