import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import { readModel } from "../onnx/file.ts";
import type { Model } from "../onnx/model.ts";
import type { Feeds } from "../tensor/tensor.ts";
import { type Dataset, once, requireIndex } from "./dataset.ts";
import { sharedArray } from "./shared.ts";
import type { Splits } from "./split.ts";
import { clip, CLIP_SHAPE, clipInput } from "./visemes/clip.ts";
import { type SeedRange, SPLITS } from "./visemes/splits.ts";
import { WORDS } from "./visemes/words.ts";

/**
 * Numbers of clips for {@linkcode visemes}; a multiple of 40 holds every word equally often.
 * @category Samples (advanced)
 */
export interface VisemesOptions {
  /** To find ranges with. @default {200} */
  calibration?: number;
  /** To choose by. @default {500} */
  selection?: number;
  /** For the reported number. @default {2000} */
  test?: number;
}

/**
 * The bundled sample: clips of a talking mouth, 16 frames of 44x44, each labelled with one of 40
 * words, as the network of {@linkcode sampleModel} takes them: "clips", float32 [1, 1, 16, 44, 44].
 * They are generated, each from its own seed, so there are no files, and splits of any size share
 * no clip; nor was any of them used in training. A clip is made when it is first asked for, in about
 * a millisecond, and then kept (31 kB).
 *
 * @throws {UserError} If a split is to be empty, or over a million clips.
 * @example
 * ```ts
 * import { visemes } from "octavo";
 * import assert from "node:assert/strict";
 * const { test } = visemes({ test: 80 });
 * assert.deepEqual((await test.sample(0)).clips!.dims, [1, 1, 16, 44, 44]);
 * assert.equal(test.labels![41], 1);
 * ```
 * @category Samples
 */
export function visemes(options: VisemesOptions = {}): Splits {
  const { calibration = 200, selection = 500, test = 2000 } = options;
  return {
    calibration: clips("calibration", calibration),
    selection: clips("selection", selection),
    test: clips("test", test),
    name: "visemes",
    seed: 0,
  };
}

/**
 * The bundled lip-reading network, float32: "clips" in, "logits" [N, 40] out.
 * @category Samples
 */
export function sampleModel(): Promise<Model> {
  return readModel(new URL("./visemes/lipnet.onnx", import.meta.url));
}

function clips(split: "calibration" | "selection" | "test", length: number): Dataset {
  const { start, end }: SeedRange = SPLITS[split];
  if (!Number.isInteger(length) || length < 1 || length > end - start) {
    throw new UserError(
      `Cannot make the ${split} split of visemes: it takes 1 to ${
        end - start
      } clips, got ${length}`,
    );
  }
  const made: Uint8Array[] = [];
  const pixels = (index: number) => made[index] ??= clip(start + index).pixels;
  const dataset: Dataset = {
    name: `visemes (${split})`,
    length,
    labels: Int32Array.from({ length }, (_, index) => (start + index) % WORDS.length),
    sample: (index) => feedsOf(pixels(requireIndex(dataset, index))),
    hash: once(() => {
      // Range and generator decide every clip, and the generator shows in a few of them.
      const hash = createHash("sha256").update(JSON.stringify(["visemes", start, length]));
      for (let i = 0; i < 8; i++) {
        const { clips } = feedsOf(pixels(Math.floor(i * (length - 1) / 7)));
        hash.update(clips!.data as Float32Array);
      }
      return Promise.resolve(hash.digest("hex"));
    }),
  };
  return dataset;
}

/** What each of the 256 grey levels is to the network. */
const LEVELS = clipInput(Uint8Array.from({ length: 256 }, (_, grey) => grey));

function feedsOf(pixels: Uint8Array): Feeds {
  const data = sharedArray("float32", pixels.length);
  for (let i = 0; i < pixels.length; i++) data[i] = LEVELS[pixels[i]!]!;
  return { clips: { type: "float32", dims: [1, 1, ...CLIP_SHAPE], data } };
}
