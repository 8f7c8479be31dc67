import * as Plot from "@observablehq/plot";
import { type Markup, markup } from "./markup.ts";
import { oneLine } from "./markdown.ts";
import { drawPlot, px, SHAPED } from "./plot.ts";
import { textWidth, wrapText } from "./text_width.ts";
import { DARK_STYLE, FONT, INK, MUTED, PAPER, type Shape } from "./theme.ts";

/** One entry of a chart's key. */
export interface Key {
  readonly label: string;
  readonly colour: string;
  readonly glyph: Shape | "line" | "ring" | "area" | "bar";
}

/** A drawing that knows its size; framed by {@linkcode chartSvg}. */
export interface Chart {
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
  /** Brings the style sheet for dark surroundings along; a page has it already. @default {true} */
  styled?: boolean;
}

/**
 * Frames a chart with its title, key and note as one SVG element that needs nothing else: a white
 * background, fonts by name, no ids, and a style sheet for dark surroundings alone. Texts break into lines.
 */
export function chartSvg(chart: Chart, options: ChartSvgOptions): Markup {
  const { label, title, subtitle, styled = true } = options;
  const margin = title === undefined ? 2 : 20;
  const width = chart.width + 2 * margin;
  const parts: Markup[] = [];
  let y = margin;

  const write = (text: string, size: number, fill: string, weight = 400) => {
    for (const line of wrapText(text, size, chart.width)) {
      y += size * 1.2;
      const place = markup`x="${margin}" y="${round(y)}"`;
      const font = markup`font-size="${size}" font-weight="${weight}" fill="${fill}"`;
      parts.push(markup`<text ${place} ${font}>${line}</text>`);
      y += size * 0.2;
    }
  };
  if (title !== undefined) write(title, 17, INK, 600);
  if (subtitle !== undefined) {
    y += 3;
    write(subtitle, 12.5, MUTED);
    y += 5;
  }
  if (chart.key.length > 0) {
    const key = drawKey(chart.key, chart.width);
    parts.push(moved(key.body, margin, round(y)));
    y += key.height;
  }
  y = Math.round(y);
  parts.push(moved(chart.body, margin, y));
  y += chart.height;
  if (chart.note !== "") {
    y += 4;
    write(chart.note, 11.5, MUTED);
    y += 4;
  }

  const height = Math.ceil(y + margin);
  const size = markup`width="${width}" height="${height}"`;
  const box = markup`viewBox="0 0 ${width} ${height}" font-family="${FONT}"`;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box} role="img" aria-label="${
    oneLine(label)
  }">${styled && markup`<style>${DARK_STYLE}</style>`}<rect ${size} fill="${PAPER}"/>
${parts.map((part) => [part, "\n"])}</svg>`;
}

/** An SVG element as a file of its own. */
export function svgFile(svg: Markup): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}

function moved(body: Markup, x: number, y: number): Markup {
  return markup`<g transform="translate(${x} ${y})">${body}</g>\n`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Entries side by side, in as many lines as they need. */
function drawKey(key: readonly Key[], width: number): { body: Markup; height: number } {
  const [size, line, gap] = [12, 20, 16];
  let [x, y] = [0, 10];
  const entries = key.map(({ label, colour, glyph }) => {
    const step = 20 + textWidth(label, size);
    if (x > 0 && x + step > width) [x, y] = [0, y + line];
    const entry = { label, colour, glyph, left: x, x: x + 7, y };
    x += step + gap;
    return entry;
  });
  const of = (...glyphs: Key["glyph"][]) => entries.filter(({ glyph }) => glyphs.includes(glyph));
  const dots = entries.flatMap(({ glyph, ...entry }) =>
    ["line", "ring", "area", "bar"].includes(glyph) ? [] : [{ ...entry, shape: glyph as Shape }]
  );
  const [cx, cy] = [px("x"), px("y")];
  const level = { y1: cy, y2: cy };
  const stroke = { stroke: "colour", strokeWidth: 2, strokeLinecap: "butt" } as const;
  const marks = [
    Plot.dot(dots, { x: cx, y: cy, r: 4.75, fill: "colour", ...SHAPED }),
    Plot.dot(of("ring"), { x: cx, y: cy, r: 6, ...stroke }),
    Plot.link(of("line"), {
      ...level,
      x1: px(({ left }) => left - 1),
      x2: px(({ left }) => left + 15),
      ...stroke,
    }),
    Plot.link(of("area", "bar"), {
      ...level,
      x1: px("left"),
      x2: px(({ left }) => left + 14),
      stroke: "colour",
      strokeWidth: 10,
      strokeLinecap: "butt",
    }),
    Plot.text(entries, { text: "label", x: cx, y: cy, dx: 13, textAnchor: "start" }),
  ];
  return { body: drawPlot({ width, height: y, marks }), height: y + 16 };
}
