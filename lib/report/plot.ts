import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { legalText, Markup } from "./markup.ts";
import { INK, type Shape } from "./theme.ts";

const { document } = parseHTML("<!doctype html><html></html>");

/**
 * Draws with Observable Plot, in a document without a browser. Of its SVG element come the marks alone,
 * for {@linkcode chartSvg} to frame: its style sheet is for pages. Attributes are rounded to hundredths
 * of a pixel, finer than any screen and short in the file.
 */
export function drawPlot(options: Plot.PlotOptions): Markup {
  const svg = Plot.plot({ ...options, document: document as unknown as Document });
  svg.querySelector("style")?.remove();
  for (const { attributes } of svg.querySelectorAll("*")) {
    for (const attribute of attributes) {
      attribute.value = attribute.value.replace(
        /-?\d+\.\d{3,}(e-?\d+)?/g,
        (number) => String(Math.round(Number(number) * 100) / 100 + 0), // + 0 turns -0 into 0
      );
    }
  }
  const style = `color="${INK}" fill="${INK}" font-size="12" text-anchor="middle"`;
  return new Markup(`<g ${style}>${legalText(svg.innerHTML)}</g>`);
}

/** A channel in pixels, past the scales. */
export function px<T>(value: T): { value: T; scale: null } {
  return { value, scale: null };
}

/** Options of marks that let the pointer through, to what is linked below them. */
export const UNTOUCHED = { pointerEvents: "none" } as const;

/**
 * Options that give each mark the number of its row in the trial table, by which the page joins the two.
 *
 * @param name Class of the marks.
 * @param numbers One for each datum; a mark without a number stays as it is.
 */
export function linked(
  name: string,
  numbers: readonly (number | undefined)[],
): { render: Plot.RenderFunction } {
  return {
    render(index, scales, values, dimensions, context, next) {
      const group = next!(index, scales, values, dimensions, context)!;
      for (const [i, mark] of [...group.children].entries()) {
        const number = numbers[index[i]!];
        if (number === undefined) continue;
        mark.setAttribute("data-trial", String(number));
        mark.setAttribute("class", name);
      }
      return group;
    },
  };
}

/** Options of a dot mark for data with a shape: Plot knows each, under another name or another way up. */
export const SHAPED = {
  symbol: ({ shape }: { shape: Shape }) =>
    shape === "down" ? "triangle" : shape === "diamond" ? "diamond2" : shape,
  rotate: ({ shape }: { shape: Shape }) => shape === "down" ? 180 : 0,
};

/** Decimals that tell all ticks of an axis apart. */
export function decimalsOf(ticks: readonly number[]): number {
  return Math.max(0, ...ticks.map((tick) => (String(tick).split(".")[1] ?? "").length));
}
