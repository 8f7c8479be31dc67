import { nearest, UserError } from "../../errors.ts";

/** The pictures of a folder. */
export interface PictureFiles {
  /** Paths within the folder, in order. */
  readonly files: readonly string[];
  /** Class of each, if they lie in folders of their classes. */
  readonly labels?: Int32Array;
}

/**
 * Lists the pictures of a folder, and of the folders in it.
 *
 * @param classes Names of the inner folders, in the order of the classes they stand for.
 * @param name What messages call the folder.
 * @throws {UserError} If there are none, or it is not clear which class they have.
 */
export async function listPictures(
  root: string,
  classes: readonly string[] | undefined,
  name: string,
): Promise<PictureFiles> {
  const entries = await readFolder(root, name);
  const here = picturesOf(entries);
  const folders = entries.filter(({ isDirectory }) => isDirectory).map((entry) => entry.name);
  const found: { file: string; folder: string }[] = [];
  for (const folder of folders.sort()) {
    const inside = picturesOf(await readFolder(`${root}/${folder}`, `${name}/${folder}`));
    found.push(...inside.map((file) => ({ file: `${folder}/${file}`, folder })));
  }
  if (here.length > 0 && found.length > 0) {
    throw new UserError(
      `Cannot use the pictures of ${name}: ${here.length} lie beside the folders of classes; ` +
        `put each into the folder of its class`,
    );
  }
  if (here.length + found.length === 0) {
    throw new UserError(`Cannot use the pictures of ${name}: there is no .png or .jpg in it`);
  }
  if (found.length === 0) return { files: here };
  const order = classes ?? [...new Set(found.map(({ folder }) => folder))];
  const labels = found.map(({ folder }) => {
    const label = order.indexOf(folder);
    if (label >= 0) return label;
    const [near] = nearest(folder, order, 1);
    throw new UserError(
      `Cannot use the pictures of ${name}: its folder "${folder}" is none of the classes` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
    );
  });
  return { files: found.map(({ file }) => file), labels: Int32Array.from(labels) };
}

async function readFolder(path: string, name: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(path));
  } catch (error) {
    throw new UserError(
      `Cannot read the folder ${name}: ${
        error instanceof Deno.errors.NotFound ? "there is no such folder" : (error as Error).message
      }`,
      { cause: error },
    );
  }
}

function picturesOf(entries: readonly Deno.DirEntry[]): string[] {
  return entries
    .filter(({ name, isDirectory }) => !isDirectory && /\.(png|jpe?g)$/i.test(name))
    .map(({ name }) => name)
    .sort();
}
