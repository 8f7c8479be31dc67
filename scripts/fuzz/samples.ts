import encodeJpeg from "@jsquash/jpeg/encode.js";
import { encode as encodePng } from "fast-png";
import { arrays } from "../../lib/data/arrays.ts";
import { decodePicture } from "../../lib/data/images/decode.ts";
import { planImages } from "../../lib/data/images/options.ts";
import { toTensor } from "../../lib/data/images/to_tensor.ts";
import { readNpy, writeNpy } from "../../lib/data/npy.ts";
import { readNpz } from "../../lib/data/npz.ts";
import { readWav, windows } from "../../lib/data/wav.ts";
import { writeZip } from "../../lib/data/zip.ts";
import { float32, type Tensor } from "../../lib/tensor/tensor.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import type { Outside, Target } from "./target.ts";

const floats = float32([3, 4], [0, -1, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
const labels: Tensor = { type: "int64", dims: [3], data: BigInt64Array.of(0n, 2n, 1n) };

const npy: Target = {
  name: "npy",
  seeds: () => Promise.resolve([writeNpy(floats), writeNpy(labels)]),
  mutate: mutateBytes,
  async read(bytes) {
    await readNpy(bytes, "mutant.npy");
  },
};

const npz: Target = {
  name: "npz",
  seeds: async () => [await archive({ x: floats, labels })],
  mutate: mutateBytes,
  async read(bytes, outside) {
    const { labels, ...inputs } = await outside("zip.js", () => readNpz(bytes));
    await arrays(inputs, { labels }).sample(0);
  },
};

async function archive(tensors: Readonly<Record<string, Tensor>>): Promise<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
  const files = Object.entries(tensors)
    .map(([name, tensor]) => [`${name}.npy`, writeNpy(tensor)] as const);
  const [bytes] = await Promise.all([new Response(readable).bytes(), writeZip(writable, files)]);
  return bytes;
}

const wav: Target = {
  name: "wav",
  seeds: () => Promise.resolve([sound(1, 16), sound(3, 32)]),
  mutate: mutateBytes,
  async read(bytes) {
    const { channels } = await readWav(bytes);
    if (channels[0]) windows(channels[0], { length: 16 });
  },
};

/** A wav file of two channels and 40 samples, of PCM (1) or floats (3). */
function sound(format: 1 | 3, bits: 16 | 32): Uint8Array {
  const bytes = new Uint8Array(44 + 80 * bits / 8);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at);
  put(0, "RIFF");
  put(8, "WAVEfmt ");
  put(36, "data");
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, format, true);
  view.setUint16(22, 2, true);
  view.setUint32(24, 16_000, true);
  view.setUint32(28, 16_000 * 2 * bits / 8, true);
  view.setUint16(32, 2 * bits / 8, true);
  view.setUint16(34, bits, true);
  view.setUint32(40, bytes.length - 44, true);
  return bytes;
}

const pictures: Target = {
  name: "pictures",
  async seeds() {
    const data = Uint8Array.from({ length: 9 * 7 * 3 }, (_, i) => i);
    const rgba = new Uint8ClampedArray(8 * 8 * 4).fill(255);
    const jpeg = await encodeJpeg(new ImageData(rgba, 8, 8), { quality: 80 });
    return [
      encodePng({ width: 9, height: 7, channels: 3, data }),
      encodePng({ width: 9, height: 21, channels: 1, data }),
      new Uint8Array(jpeg),
    ];
  },
  mutate: mutateBytes,
  async read(bytes, outside: Outside) {
    const picture = await outside("fast-png, jsquash", () => decodePicture(bytes, "mutant.png"));
    toTensor(picture, planImages({ input: "x", resize: [8, 8] }, "mutant"), "mutant.png");
  },
};

/** Arrays, sound and pictures. */
export const samples: readonly Target[] = [npy, npz, wav, pictures];
