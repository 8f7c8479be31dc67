import type { Model } from "../../lib/onnx/model.ts";
import { text } from "./command.ts";
import { readNetwork } from "./read_network.ts";
import type { Shell } from "./shell.ts";

/** The float32 network that a file which is int8 already was made from. */
export const REFERENCE_OPTION = text(
  "float32.onnx",
  "of a model that is int8 already: the float32 network that accuracy is against; by default the file's own " +
    "outputs. Times and sizes are against the file",
);

/**
 * Reads the network that accuracy is against, where one was named.
 *
 * @throws {UserError} If there is no such file, or it is no model.
 */
export async function readReference(
  path: string | undefined,
  shell: Pick<Shell, "progress">,
): Promise<Model | undefined> {
  return path === undefined ? undefined : await readNetwork(path, shell);
}
