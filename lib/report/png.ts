import { initWasm, Resvg } from "@resvg/resvg-wasm";
import wasm from "@resvg/resvg-wasm/index_bg.wasm" with { type: "bytes" };
import regular from "@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf" with {
  type: "bytes",
};
import semibold from "@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf" with {
  type: "bytes",
};

let ready: Promise<void> | undefined;

/**
 * Draws an SVG as a PNG, at twice its size for sharp screens. The fonts come along, since the WASM
 * build of resvg sees none of the system's: the same SVG gives the same bytes on every machine.
 */
export async function pngOf(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  await (ready ??= initWasm(wasm));
  const renderer = new Resvg(svg, {
    fitTo: { mode: "zoom", value: 2 },
    font: {
      fontBuffers: [regular, semibold],
      defaultFontFamily: "Inter",
      sansSerifFamily: "Inter",
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
