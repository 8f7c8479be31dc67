import { fileURLToPath } from "node:url";
import { UserError } from "../errors.ts";
import { type Dataset, hashSamples, once, requireIndex } from "./dataset.ts";
import { decodePicture } from "./images/decode.ts";
import { listPictures } from "./images/list_pictures.ts";
import { type ImagePlan, type ImagesOptions, planImages } from "./images/options.ts";
import { cropCentre, type Picture, requireSize, withChannels } from "./images/picture.ts";
import { resize } from "./images/resize.ts";
import { toTensor } from "./images/to_tensor.ts";
import { readUserFile } from "../user_file.ts";

/** Bytes of pictures that are kept, decoded and cut, so that a second run need not decode again. */
const KEPT_BYTES = 2 ** 28;

/**
 * Makes a data set of a folder of pictures, PNG or JPEG: each becomes the only input of the network
 * as the options say, `(pixel * scale - mean) / std`. Where the folder holds folders, each is a class
 * and labels its pictures. The pictures are in order of their paths, and read when they are needed.
 *
 * ImageNet, as torchvision prepares it:
 *
 * ```ts ignore
 * const data = await images("val", {
 *   resize: 256,
 *   crop: [224, 224],
 *   mean: [0.485, 0.456, 0.406],
 *   std: [0.229, 0.224, 0.225],
 *   input: "input",
 * });
 * ```
 *
 * @throws {UserError} If there is no picture, an option does not fit, or, once it is read, if a picture
 * is broken, transparent, too small for `crop`, or of another size than the network takes.
 * @example One red pixel
 * ```ts
 * import { images } from "octavo";
 * import { encode } from "fast-png";
 * import assert from "node:assert/strict";
 *
 * const folder = await Deno.makeTempDir();
 * const data = new Uint8Array([255, 0, 0]);
 * await Deno.writeFile(`${folder}/red.png`, encode({ width: 1, height: 1, channels: 3, data }));
 * const pictures = await images(folder, { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], input: "x" });
 * const { x } = await pictures.sample(0);
 * assert.deepEqual([...x!.data], [1, -1, -1]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 * @category Samples
 */
export async function images(folder: string | URL, options: ImagesOptions = {}): Promise<Dataset> {
  const root = folder instanceof URL ? fileURLToPath(folder) : folder;
  const { name = root.split(/[/\\]/).findLast((part) => part !== "") ?? root } = options;
  const plan = planImages(options, name);
  const { files, labels } = await listPictures(root, options.classes, name);
  const kept = new Map<number, Picture>();
  let room = KEPT_BYTES;
  const read = async (index: number): Promise<Picture> => {
    const known = kept.get(index);
    if (known) return known;
    const file = files[index]!;
    const bytes = await readUserFile(`${root}/${file}`, file);
    const picture = prepare(await decodePicture(bytes, file), options, plan, file);
    room -= picture.data.length;
    if (room >= 0) kept.set(index, picture);
    return picture;
  };
  const dataset: Dataset = {
    name,
    length: files.length,
    ...(labels && { labels }),
    async sample(index) {
      const picture = await read(requireIndex(dataset, index));
      return { [plan.input]: toTensor(picture, plan, files[index]!) };
    },
    hash: once(() => hashSamples(dataset)),
  };
  return dataset;
}

function prepare(picture: Picture, options: ImagesOptions, plan: ImagePlan, file: string): Picture {
  const { crop } = options;
  let result = withChannels(picture, plan.order.length === 1 ? 1 : 3);
  if (options.resize !== undefined) {
    const [height, width] = sizeAfter(result, options.resize);
    requireSize({ height, width }, file, "Cannot resize");
    result = resize(result, height, width, options);
  }
  if (!crop) return result;
  const [height, width] = crop;
  if (result.height < height || result.width < width) {
    throw new UserError(
      `Cannot crop ${file}: it is ${result.height}x${result.width}${
        options.resize === undefined ? "" : " after resizing"
      }, smaller than ${height}x${width}; resize it first`,
    );
  }
  return cropCentre(result, height, width);
}

function sizeAfter(
  { height, width }: Picture,
  size: number | readonly [number, number],
): readonly [number, number] {
  if (typeof size !== "number") return size;
  // The longer side is cut off to whole pixels, as torchvision does.
  return height <= width
    ? [size, Math.trunc(size * width / height)]
    : [Math.trunc(size * height / width), size];
}
