/** One family for everything; the PNGs carry Inter itself, so that they look the same everywhere. */
export const FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

export const INK = "#1f2328";
export const MUTED = "#59636e";
export const RULE = "#d1d9e0";

/**
 * Colours of Okabe and Ito, told apart with the common colour-vision deficiencies.
 * @see {@link https://jfly.uni-koeln.de/color/ | Okabe and Ito 2008, Color Universal Design}
 */
export const COLOURS = {
  blue: "#0072B2",
  orange: "#E69F00",
  green: "#009E73",
  purple: "#CC79A7",
  sky: "#56B4E9",
  vermillion: "#D55E00",
} as const;

/** The mark of the chosen trial, used for nothing else. */
export const ACCENT = COLOURS.vermillion;

/** Tint of what keeps the budget in less time than float32. */
export const GOOD = "#ebf6f1";

/** What charts stand on. */
export const PAPER = "#ffffff";

/** Keeps text readable over lines. */
export const HALO = { stroke: PAPER, strokeWidth: 3 } as const;

/** What each colour of a chart becomes on a dark page; those not named are bright enough. */
const DARK: readonly (readonly [string, string])[] = [
  [PAPER, "#0d1117"],
  [INK, "#e6edf3"],
  [MUTED, "#9198a1"],
  [RULE, "#3d444d"],
  [GOOD, "#12261e"],
  [COLOURS.blue, "#4aa8e8"],
];

/**
 * A style sheet that turns a chart dark where the reader's page is. It speaks of colours as they are
 * written in the marks, so that what does not know of it draws them as they are.
 */
export const DARK_STYLE = `@media screen and (prefers-color-scheme:dark){${
  DARK.map(([light, dark]) =>
    ["fill", "stroke", "color"].map((name) => `svg [${name}="${light}"]{${name}:${dark}}`).join("")
  ).join("")
}}`;

/** Outline of a dot. With a shape of its own, each family is told apart in black and white too. */
export type Shape = "circle" | "square" | "triangle" | "diamond" | "cross" | "down";

export interface FamilyStyle {
  readonly colour: string;
  readonly shape: Shape;
}

export const BASELINE: FamilyStyle = { colour: INK, shape: "diamond" };

/** Families that every study shares keep their look from one study to the next. */
const KNOWN: Record<string, FamilyStyle> = {
  float32: { colour: MUTED, shape: "diamond" },
  static: { colour: COLOURS.blue, shape: "circle" },
  dynamic: { colour: COLOURS.orange, shape: "square" },
  mixed: { colour: COLOURS.green, shape: "triangle" },
  weightOnly: { colour: COLOURS.purple, shape: "down" },
};

const SPARE: readonly FamilyStyle[] = [
  { colour: COLOURS.sky, shape: "cross" },
  { colour: COLOURS.sky, shape: "circle" },
  { colour: COLOURS.purple, shape: "square" },
  { colour: COLOURS.green, shape: "cross" },
];

/** The look of each family of a study, by its name; the same for the same set of families. */
export function familyStyles(families: Iterable<string>): Map<string, FamilyStyle> {
  const names = [...new Set(families)].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  let spare = 0;
  return new Map(
    names.map((name) => [
      name,
      Object.hasOwn(KNOWN, name) ? KNOWN[name]! : SPARE[spare++ % SPARE.length]!,
    ]),
  );
}

function rank(name: string): number {
  const index = Object.keys(KNOWN).indexOf(name);
  return index < 0 ? Infinity : index;
}
