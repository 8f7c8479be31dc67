import inter from "@expo-google-fonts/inter/metadata.json" with { type: "json" };
import { initWasm, Resvg } from "@resvg/resvg-wasm";

/** The fonts, and with them resvg itself: loaded once, with the first drawing. */
let loaded: Promise<Uint8Array[]> | undefined;

/**
 * Draws an SVG as a PNG, at twice its size for sharp screens. The fonts come along, since the WASM
 * build of resvg sees none of the system's: the same SVG gives the same bytes on every machine.
 */
export async function pngOf(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  const fonts = await (loaded ??= load());
  const renderer = new Resvg(svg, {
    fitTo: { mode: "zoom", value: 2 },
    font: {
      fontBuffers: fonts,
      defaultFontFamily: inter.family,
      sansSerifFamily: inter.family,
    },
  });
  try {
    const image = renderer.render();
    try {
      return new Uint8Array(image.asPng());
    } finally {
      image.free();
    }
  } finally {
    renderer.free();
  }
}

/** Beside their packages' code, wherever those are. */
async function load(): Promise<Uint8Array[]> {
  const [wasm, ...fonts] = await Promise.all([
    import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"),
    import.meta.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf"),
    import.meta.resolve("@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf"),
  ].map((file) => Deno.readFile(new URL(file))));
  await initWasm(wasm!);
  return fonts;
}
