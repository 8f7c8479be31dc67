import assert from "node:assert/strict";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import encodeJpeg from "@jsquash/jpeg/encode.js";
import { encode as encodePng } from "fast-png";
import { images } from "../../lib/data/images.ts";
import type { ImagesOptions } from "../../lib/data/images/options.ts";
import { decodePicture } from "../../lib/data/images/decode.ts";
import { cropCentre, type Picture, withChannels } from "../../lib/data/images/picture.ts";
import { resize, type ResizeFilter } from "../../lib/data/images/resize.ts";
import { generator } from "../random.ts";
import { isThere, shared } from "../shared.ts";

/** 13 rows of 17 pixels of noise. */
const noise: Picture = (() => {
  const random = generator(7);
  const data = Uint8Array.from({ length: 13 * 17 * 3 }, () => Math.floor(256 * random()));
  return { width: 17, height: 13, channels: 3, data };
})();

/** A picture of rows of grey values. */
function grey(...rows: number[][]): Picture {
  const [height, width] = [rows.length, rows[0]!.length];
  return { width, height, channels: 1, data: Uint8Array.from(rows.flat()) };
}

/** Stands for all values of a picture, and where they are. */
function checksum({ data }: Picture): number {
  return data.reduce((sum, value, i) => sum + value * (i % 251 + 1), 0);
}

Deno.test("resize() is Pillow's to the bit", () => {
  // Recorded with Pillow 12.3.0: first values, and sum of value * (index % 251 + 1).
  const recorded: [ResizeFilter, number, number, number[], number][] = [
    ["bilinear", 3, 4, [142, 129, 133, 143, 146, 155], 88639],
    ["bilinear", 13, 5, [127, 79, 131, 143, 115, 78], 2551176],
    ["bilinear", 2, 17, [115, 164, 136, 171, 94, 164], 700673],
    ["bilinear", 20, 31, [2, 15, 250, 59, 53, 203], 30444931],
    ["bilinear", 1, 1, [135, 133, 134], 803],
    ["bicubic", 3, 4, [144, 128, 133, 144, 148, 160], 88540],
    ["bicubic", 13, 5, [124, 72, 137, 144, 121, 68], 2552003],
    ["bicubic", 2, 17, [112, 165, 137, 174, 90, 167], 700589],
    ["bicubic", 20, 31, [0, 3, 255, 44, 49, 222], 30481174],
  ];
  for (const [filter, height, width, first, sum] of recorded) {
    const resized = resize(noise, height, width, { filter });
    assert.deepEqual([...resized.data.subarray(0, first.length)], first);
    assert.equal(checksum(resized), sum);
  }
  assert.equal(resize(noise, 13, 17), noise);
});

Deno.test("resize() without antialias takes the nearest pixels only, as PyTorch does", () => {
  // Recorded with torch 2.13.0: interpolate(mode="bilinear", align_corners=False), in float32.
  const recorded = [128.75, 173.75, 115.04, 173.79, 200.75, 232.75, 83.75, 105.96, 142.83];
  const { data } = resize(noise, 3, 4, { antialias: false });
  recorded.forEach((value, i) => assert.ok(Math.abs(data[i]! - value) <= 1, `${data[i]} ${value}`));
});

Deno.test("cropCentre() takes the middle, odd rests as torchvision rounds them", () => {
  const numbers = grey([1, 2, 3, 4, 5, 6]);
  const middle = (width: number) => [...cropCentre(numbers, 1, width).data];
  assert.deepEqual(middle(2), [3, 4]);
  assert.deepEqual(middle(5), [1, 2, 3, 4, 5]); // half of 1 is rounded to 0
  assert.deepEqual(middle(3), [3, 4, 5]); // half of 3 to 2
});

Deno.test("withChannels() repeats grey, and weighs colours as Pillow does", () => {
  assert.deepEqual([...withChannels(grey([7, 9]), 3).data], [7, 7, 7, 9, 9, 9]);
  const { data } = withChannels(noise, 1);
  assert.deepEqual([...data.subarray(0, 8)], [38, 143, 87, 99, 141, 88, 176, 99]);
  assert.equal(data.reduce((a, b) => a + b, 0), 29581);
});

Deno.test("decodePicture() brings every kind of PNG to 8 bits of grey or colour", async () => {
  const decode = async (png: Parameters<typeof encodePng>[0]) => {
    const { channels, data } = await decodePicture(encodePng(png), "a.png");
    return [channels, ...data];
  };
  const size = { width: 2, height: 1 };
  assert.deepEqual(await decode({ ...size, channels: 1, data: Uint8Array.of(3, 200) }), [
    1,
    3,
    200,
  ]);
  const colours = Uint8Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual(await decode({ ...size, channels: 3, data: colours }), [3, ...colours]);
  const opaque = Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255);
  assert.deepEqual(await decode({ ...size, channels: 4, data: opaque }), [3, ...colours]);
  const deep = Uint16Array.of(257, 65535);
  assert.deepEqual(await decode({ ...size, channels: 1, depth: 16, data: deep }), [1, 1, 255]);
  // Three pixels of two bits share a byte; the next row begins a new one.
  const packed = { width: 3, height: 2, channels: 1, depth: 2 as const };
  assert.deepEqual(
    await decode({ ...packed, data: Uint8Array.of(0b00_01_10_00, 0b11_00_01_00) }),
    [1, 0, 85, 170, 255, 0, 85],
  );
  const palette = [[9, 8, 7], [6, 5, 4]] as [number, number, number][];
  assert.deepEqual(
    await decode({
      width: 3,
      height: 1,
      channels: 1,
      depth: 1,
      data: Uint8Array.of(0b010_00000),
      palette,
    }),
    [3, 9, 8, 7, 6, 5, 4, 9, 8, 7],
  );
});

Deno.test("decodePicture() says what is wrong with a file", async () => {
  const refuse = (bytes: Uint8Array, message: RegExp) =>
    assert.rejects(decodePicture(bytes, "a.png"), { name: "UserError", message });
  const png = encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(5) });
  await refuse(new Uint8Array(9), /a.png: it is neither a PNG nor a JPEG/);
  for (const length of [4, 8, 40, png.length - 1]) {
    await refuse(png.subarray(0, length), /a\.png: it is cut off; copy or save the file again$/);
  }
  const sized = (width: number, height: number) => {
    const bytes = png.slice();
    const view = new DataView(bytes.buffer);
    view.setUint32(16, width);
    view.setUint32(20, height);
    view.setUint32(29, crc32(bytes.subarray(12, 29)));
    return bytes;
  };
  await refuse(sized(0, 1), /it is damaged \(it says that it has 0 x 1 pixels\)/);
  await refuse(sized(1, 2), /it is damaged \(its data do not fill its 1 x 2 pixels\)/);
  await refuse(sized(2, 1), /it is damaged \(its data do not fill its 2 x 1 pixels\)/);
  await refuse(sized(2 ** 31 - 1, 2 ** 31 - 1), /2147483647 x 2147483647 pixels is more than can/);
  await refuse(png.with(-13, png.at(-13)! ^ 1), /it is damaged \(CRC mismatch/);
  const glass = Uint8Array.of(1, 2, 3, 128);
  await refuse(
    encodePng({ width: 1, height: 1, channels: 4, data: glass }),
    /it is transparent in places; lay it over the background/,
  );
});

/** A folder with these files, for the time of a test. */
async function withFolder(
  files: Readonly<Record<string, Uint8Array>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, bytes] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
      await Deno.writeFile(`${folder}/${path}`, bytes);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const pixel = (...values: number[]) =>
  encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.from(values) });

Deno.test("images() makes classes of folders, in order of their names or as told", async () => {
  const files = {
    "dog/b.png": pixel(2, 0, 0),
    "dog/a.PNG": pixel(1, 0, 0),
    "cat/c.png": pixel(3, 0, 0),
    "cat/notes.txt": new Uint8Array(1),
  };
  await withFolder(files, async (folder) => {
    const data = await images(folder, { input: "x", scale: 1, name: "pets" });
    assert.deepEqual([data.name, data.length, [...data.labels!]], ["pets", 3, [0, 1, 1]]);
    const reds = [0, 1, 2].map(async (i) => (await data.sample(i)).x!.data[0]);
    assert.deepEqual(await Promise.all(reds), [3, 1, 2]);
    const told = await images(folder, { input: "x", classes: ["cow", "dog", "cat"] });
    assert.deepEqual([...told.labels!], [2, 1, 1]);
    await assert.rejects(images(folder, { input: "x", classes: ["cat", "dogs"] }), {
      name: "UserError",
      message: /its folder "dog" is none of the classes; did you mean "dogs"\?/,
    });
    assert.equal(await data.hash(), await (await images(folder, { input: "x", scale: 1 })).hash());
    assert.equal((await images(`${folder}/cat`, { input: "x" })).labels, undefined);
    await assert.rejects(async () => await data.sample(3), RangeError);
  });
});

Deno.test("images() lays channels out as the network takes them", async () => {
  // Two pixels: one of red 10, green 20, blue 30, one of 40, 50, 60.
  const data = Uint8Array.of(10, 20, 30, 40, 50, 60);
  const png = encodePng({ width: 2, height: 1, channels: 3, data });
  await withFolder({ "a.png": png }, async (folder) => {
    const feed = async (options: ImagesOptions) => {
      const dataset = await images(folder, { input: "x", scale: 1, ...options });
      const { x } = await dataset.sample(0);
      return [x!.dims, [...x!.data as Float32Array]];
    };
    assert.deepEqual(await feed({}), [[1, 3, 1, 2], [10, 40, 20, 50, 30, 60]]);
    assert.deepEqual(await feed({ channels: "bgr" }), [[1, 3, 1, 2], [30, 60, 20, 50, 10, 40]]);
    assert.deepEqual(await feed({ layout: "NHWC" }), [[1, 1, 2, 3], [...data]]);
    assert.deepEqual(await feed({ layout: "NHWC", channels: "bgr" }), [
      [1, 1, 2, 3],
      [30, 20, 10, 60, 50, 40],
    ]);
    assert.deepEqual(await feed({ channels: "gray" }), [[1, 1, 1, 2], [18, 48]]);
    assert.deepEqual(await feed({ type: "uint8", layout: "NHWC" }), [[1, 1, 2, 3], [...data]]);
    const scaled = { scale: 0.5, mean: [5, 10, 5], std: [1, 2, 10], layout: "NHWC" } as const;
    assert.deepEqual(await feed(scaled), [[1, 1, 2, 3], [0, 0, 1, 15, 7.5, 2.5]]);
  });
});

Deno.test("images() brings pictures of any size to one", async () => {
  const blank = (width: number, height: number) =>
    encodePng({ width, height, channels: 1, data: new Uint8Array(width * height) });
  await withFolder({ "a.png": blank(30, 20), "b.png": blank(7, 50) }, async (folder) => {
    const shapes = async (options: ImagesOptions) => {
      const data = await images(folder, { input: "x", channels: "gray", ...options });
      return await Promise.all([0, 1].map(async (i) => (await data.sample(i)).x!.dims.slice(2)));
    };
    assert.deepEqual(await shapes({ resize: 10 }), [[10, 15], [71, 10]]);
    assert.deepEqual(await shapes({ resize: 10, crop: [8, 10] }), [[8, 10], [8, 10]]);
    assert.deepEqual(await shapes({ resize: [4, 5] }), [[4, 5], [4, 5]]);
    await assert.rejects(shapes({ crop: [20, 20] }), {
      name: "UserError",
      message: "Cannot crop b.png: it is 50x7, smaller than 20x20; resize it first",
    });
  });
});

Deno.test("images() checks its options against the network", async () => {
  const inputs = [{ name: "image", type: "float32", dims: ["n", 3, 8, 8] } as const];
  await withFolder({ "a.png": pixel(1, 2, 3) }, async (folder) => {
    const refuse = (options: ImagesOptions, message: RegExp) =>
      assert.rejects(async () => {
        await (await images(folder, { inputs, name: "pets", ...options })).sample(0);
      }, { name: "UserError", message });
    await refuse(
      {},
      /a.png: it becomes \[1, 3, 1, 1\], but the input "image" takes \[n, 3, 8, 8\]/,
    );
    await refuse({ resize: [8, 8], channels: "gray" }, /becomes \[1, 1, 8, 8\]/);
    await refuse({ input: "imag" }, /no input "imag"; did you mean "image"\?/);
    await refuse({ type: "uint8" }, /the input "image" takes float32; choose it with `type`/);
    await refuse({ inputs: undefined }, /name the input that takes them with `input`/);
    await refuse({ mean: [1, 2] }, /mean has 2 values, but rgb has 3 channels/);
    await refuse({ std: 0 }, /std must be finite and not 0/);
    await refuse({ resize: 0 }, /resize takes whole numbers of pixels from 1 to 16384, got 0/);
    await refuse({ crop: [8, 1.5] }, /crop takes whole numbers of pixels from 1 to 16384, got 1.5/);
    const bytes = { inputs: undefined, input: "x", type: "uint8" } as const;
    await refuse({ ...bytes, scale: 2 }, /uint8 holds pixels as they are; leave out scale/);
    const { image } = await (await images(folder, { inputs, resize: [8, 8] })).sample(0);
    assert.deepEqual(image!.dims, [1, 3, 8, 8]);
  });
});

Deno.test("images() says what is wrong with a folder", async () => {
  const refuse = (folder: string, message: RegExp) =>
    assert.rejects(images(folder, { input: "x" }), { name: "UserError", message });
  await refuse("no such folder", /Cannot read the folder no such folder: there is no such folder/);
  await withFolder({ "notes.txt": new Uint8Array(1) }, async (folder) => {
    await refuse(folder, /there is no \.png or \.jpg in it/);
  });
  await withFolder({ "a.png": pixel(1, 1, 1), "dog/b.png": pixel(2, 2, 2) }, async (folder) => {
    await refuse(folder, /1 lie beside the folders of classes/);
  });
});

Deno.test("images() reads JPEG, to within what its compression loses", async () => {
  const data = new Uint8ClampedArray(16 * 16 * 4).map((_, i) => [200, 100, 50, 255][i % 4]!);
  const jpeg = await encodeJpeg(new ImageData(data, 16, 16), { quality: 95 });
  await withFolder({ "a.jpeg": new Uint8Array(jpeg) }, async (folder) => {
    const { x } = await (await images(folder, { input: "x", scale: 1 })).sample(0);
    [200, 100, 50].forEach((value, c) => {
      assert.ok(Math.abs(Number(x!.data[256 * c]) - value) <= 3);
    });
  });
  const changed = (at: number, ...bytes: number[]) => {
    const copy = new Uint8Array(jpeg.slice(0));
    copy.set(bytes, at);
    return copy;
  };
  const frame = new Uint8Array(jpeg).findIndex((byte, i, all) =>
    byte === 0xff && all[i + 1] === 0xc2
  );
  const damaged: [Uint8Array, RegExp][] = [
    [changed(frame + 2, 0, 2), /: it is damaged \(Bogus marker length\); copy or save/],
    [changed(frame + 4, 3), /: it is damaged \(Unsupported JPEG data precision 3\)/],
    [changed(frame + 5, 0, 0), /: it is damaged \(it says that it has 16 x 0 pixels\)/],
    [changed(frame + 5, 255, 255, 255, 255), /65535 x 65535 pixels is more than can be read/],
    [Uint8Array.of(0xff, 0xd8, 0xff), /: it is damaged \(JPEG datastream contains no image\)/],
  ];
  for (const [bytes, message] of damaged) {
    await assert.rejects(decodePicture(bytes, "a.jpeg"), { name: "UserError", message });
  }
  assert.equal((await decodePicture(new Uint8Array(jpeg), "a.jpeg")).width, 16);
  const cut = new Uint8Array(jpeg).subarray(0, -20);
  await assert.rejects(decodePicture(cut, "a.jpeg"), {
    name: "UserError",
    message: "Cannot read a.jpeg: it is cut off",
  });
});

Deno.test("images() says of each JPEG what is wrong with it, though many are read at once", async () => {
  const noisy = Uint8ClampedArray.from({ length: 32 * 32 * 4 }, (_, i) => (i * i) % 251);
  const sound = new Uint8Array(await encodeJpeg(new ImageData(noisy, 32, 32), { quality: 95 }));
  const short = Uint8Array.from([...sound.subarray(0, -60), ...sound.subarray(-2)]);
  const files = { "a.jpg": short, "b.jpg": sound, "c.jpg": short, "d.jpg": sound };
  const results = await Promise.allSettled(
    Object.entries(files).map(([name, bytes]) => decodePicture(bytes, name)),
  );
  const found = results.map((one) => one.status === "fulfilled" ? "sound" : one.reason.message);
  assert.match(found[0], /^Cannot read a\.jpg: it is cut off \(.*premature end/);
  assert.match(found[2], /^Cannot read c\.jpg: it is cut off \(.*premature end/);
  assert.deepEqual([found[1], found[3]], ["sound", "sound"]);
});

const photo = shared("models/fastestdet/0.jpg");
if (!isThere(photo)) console.warn("skipped without the photos of ../shared: decodePicture()");

Deno.test("decodePicture() gives a photo as Pillow does", { ignore: !isThere(photo) }, async () => {
  const { width, height, data } = await decodePicture(await Deno.readFile(photo), "0.jpg");
  assert.deepEqual([width, height, [...data.subarray(0, 3)]], [640, 480, [70, 96, 51]]);
  assert.equal(data.reduce((a, b) => a + b, 0), 77_163_603); // recorded with Pillow 12.3.0
});
