import { noise } from "../../lib/data/noise.ts";
import { sampleModel, visemes } from "../../lib/data/visemes.ts";
import { UsageError } from "../../lib/errors.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";

/** A network to be timed, with what it is fed: time hardly depends on the values. */
export interface Network {
  readonly name: string;
  readonly model: Model;
  readonly feeds: Feeds;
}

/** One file of the test material, with the lengths of the dimensions that it leaves open. */
interface Entry {
  readonly file: string;
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/** Real networks of many kinds, from 0.05 to 200 milliseconds. */
const NETWORKS: Readonly<Record<string, Entry>> = {
  "basic-pitch": {
    file: "basic-pitch/nmp.onnx",
    shapes: { "serving_default_input_2:0": [1, 43844, 1] },
  },
  "bidi-lstm": { file: "bidi-lstm/model.onnx", shapes: { input: [1, 64] } },
  "cifar-resnet2b": { file: "cifar-resnet2b/resnet_2b.onnx" },
  fastestdet: { file: "fastestdet/FastestDet.onnx" },
  gtcrn: { file: "gtcrn/gtcrn_simple.onnx" },
  "magika-fast": { file: "magika-fast/model.onnx", shapes: { bytes: [1, 1024] } },
  "mnist-cnn": { file: "mnist-cnn/mnist.onnx" },
  "silero-vad": { file: "silero-vad/silero_vad_openvino_16k.onnx" },
  "super-resolution": {
    file: "super-resolution/pytorch_super_resolution.onnx",
    shapes: { input: [1, 1, 224, 224] },
  },
  "syllable-gru": { file: "syllable-gru/syllable_model.onnx", shapes: { "*": [1, 18, 28] } },
  "yunet-n": { file: "yunet/yunet_n_320_320.onnx" },
  "yunet-s": { file: "yunet/yunet_s_320_320.onnx" },
};

/** Names of the networks of the test material. */
export const NETWORK_NAMES: readonly string[] = Object.keys(NETWORKS);

/** The bundled sample, with a clip. */
export async function sampleNetwork(): Promise<Network> {
  const { calibration } = visemes({ calibration: 1, selection: 1, test: 1 });
  return { name: "sample", model: await sampleModel(), feeds: await calibration.sample(0) };
}

/** Networks that the user asks for, in `$OCTAVO_NETWORKS`, separated by commas. */
export function askedNetworks(): string[] | undefined {
  return Deno.env.get("OCTAVO_NETWORKS")?.split(",");
}

/** The folder of the test material; may not be there. */
export function sharedFolder(): URL {
  const folder = Deno.env.get("OCTAVO_SHARED");
  return folder === undefined
    ? new URL("../../../shared/", import.meta.url)
    : new URL(`file://${folder.replace(/\/?$/, "/")}`);
}

/**
 * Networks of the test material beside the checkout, or where `$OCTAVO_SHARED` says; those that are not
 * there are left out.
 *
 * @param names Which ones. @default {all}
 */
export async function sharedNetworks(
  names: readonly string[] = NETWORK_NAMES,
): Promise<Network[]> {
  const root = sharedFolder();
  const found: Network[] = [];
  for (const name of names) {
    const entry = NETWORKS[name];
    if (!entry) throw new UsageError(`Unknown network "${name}"`);
    const { file, shapes = {} } = entry;
    const url = new URL(`models/${file}`, root);
    try {
      await Deno.stat(url);
    } catch {
      continue;
    }
    const model = await readModel(url);
    const inputs = valueTypes(model.graph).inputs.map((value) => {
      const dims = shapes[value.name] ?? shapes["*"];
      return dims ? { ...value, dims } : value;
    });
    found.push({ name, model, feeds: noise(inputs, name) });
  }
  return found;
}
