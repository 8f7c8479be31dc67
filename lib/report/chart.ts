import { element, pathData } from "./element.ts";
import type { Markup } from "./markup.ts";
import { oneLine } from "./markdown.ts";
import { textWidth, wrapText } from "./text_width.ts";
import { dot, FONT, INK, MUTED, type Shape } from "./theme.ts";

/** One entry of a chart's key. */
export interface Key {
  readonly label: string;
  readonly colour: string;
  readonly glyph: Shape | "line" | "ring" | "area" | "bar";
}

/** A drawing that knows its size; framed by {@linkcode chartSvg}. */
export interface Plot {
  readonly width: number;
  readonly height: number;
  readonly body: Markup;
  readonly key: readonly Key[];
  /** Said below the drawing: what its marks mean and what it leaves out. */
  readonly note: string;
}

/** Options for {@linkcode chartSvg}. */
export interface ChartSvgOptions {
  /** Says what is shown, for those who cannot see it. */
  label: string;
  /** Written above, for a file that stands alone. @default none */
  title?: string;
  /** Below the title, in grey. @default none */
  subtitle?: string;
}

/**
 * Frames a plot with its title, key and note as one SVG element that needs nothing else: a white
 * background for dark surroundings, fonts by name, no style sheet, no ids. Texts break into lines.
 */
export function chartSvg(plot: Plot, options: ChartSvgOptions): Markup {
  const { label, title, subtitle } = options;
  const margin = title === undefined ? 2 : 20;
  const width = plot.width + 2 * margin;
  const parts: Markup[] = [];
  let y = margin;

  const write = (text: string, size: number, fill: string, weight = 400) => {
    for (const line of wrapText(text, size, plot.width)) {
      y += size * 1.2;
      const at = { x: margin, y, "font-size": size, "font-weight": weight, fill };
      parts.push(element("text", at, line));
      y += size * 0.2;
    }
  };
  if (title !== undefined) write(title, 17, INK, 600);
  if (subtitle !== undefined) {
    y += 3;
    write(subtitle, 12.5, MUTED);
    y += 5;
  }
  if (plot.key.length > 0) {
    const key = drawKey(plot.key, margin, y, plot.width);
    parts.push(key.body);
    y += key.height;
  }
  parts.push(element("g", { transform: `translate(${margin} ${Math.round(y)})` }, plot.body));
  y = Math.round(y) + plot.height;
  if (plot.note !== "") {
    y += 4;
    write(plot.note, 11.5, MUTED);
    y += 4;
  }

  const height = Math.ceil(y + margin);
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "font-family": FONT,
    role: "img",
    "aria-label": oneLine(label),
  };
  const background = element("rect", { width, height, fill: "#fff" });
  return element("svg", attributes, background, "\n", parts.map((part) => [part, "\n"]));
}

/** An SVG element as a file of its own. */
export function svgFile(svg: Markup): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}

/** Entries side by side, in as many lines as they need. */
function drawKey(key: readonly Key[], left: number, top: number, width: number) {
  const [size, line, gap] = [12, 20, 16];
  let [x, y] = [left, top + 14];
  const entries = key.map(({ label, colour, glyph }) => {
    const step = 20 + textWidth(label, size);
    if (x > left && x + step > left + width) [x, y] = [left, y + line];
    const text = element("text", { x: x + 20, y, "font-size": size, fill: INK }, label);
    const entry = [drawGlyph(glyph, colour, x, y - 4), text];
    x += step + gap;
    return entry;
  });
  return { body: element("g", {}, entries), height: y - top + 12 };
}

function drawGlyph(glyph: Key["glyph"], colour: string, x: number, y: number): Markup {
  const line = { fill: "none", stroke: colour, "stroke-width": 2 };
  switch (glyph) {
    case "line":
      return element("path", { d: pathData("M", x - 1, y, "h", 16), ...line });
    case "ring":
      return element("circle", { cx: x + 7, cy: y, r: 6, ...line });
    case "bar":
    case "area":
      return element("rect", { x, y: y - 5, width: 14, height: 10, fill: colour });
    default:
      return dot(glyph, x + 7, y, 4.75, { fill: colour });
  }
}
