/** What the lips show at one moment. Lengths are in half mouth widths, the rest in [0, 1]. */
export interface Mouth {
  /** How far jaw and lips are apart. */
  open: number;
  /** Corners drawn out (above 0) or in (below 0). */
  width: number;
  /** Lips pushed forward: fuller, and the opening turns from a slit into an ellipse. */
  round: number;
  /** Upper teeth to be seen, if there is an opening to see them through. */
  teeth: number;
  /** Tongue raised. */
  tongue: number;
  /** Lips pressed together and thinned. */
  press: number;
  /** Lower lip drawn under the upper teeth. */
  tuck: number;
}

/** The shapes of a mouth: one for each letter in {@linkcode WORDS}, and `rest`. */
export const VISEMES = {
  rest: viseme(0.03, 0.00, 0.10, 0.00, 0.00, 0.15, 0),
  a: viseme(1.00, 0.00, 0.00, 0.35, 0.15, 0.00, 0),
  e: viseme(0.55, 0.16, 0.00, 0.50, 0.35, 0.00, 0),
  f: viseme(0.16, 0.03, 0.00, 0.80, 0.00, 0.10, 1),
  i: viseme(0.26, 0.30, 0.00, 0.60, 0.20, 0.00, 0),
  l: viseme(0.50, 0.03, 0.00, 0.25, 1.00, 0.00, 0),
  o: viseme(0.65, -0.24, 0.80, 0.05, 0.00, 0.00, 0),
  p: viseme(0.00, -0.02, 0.05, 0.00, 0.00, 1.00, 0),
  s: viseme(0.30, -0.12, 0.60, 1.00, 0.00, 0.00, 0),
  t: viseme(0.24, 0.08, 0.00, 1.00, 0.25, 0.00, 0),
  u: viseme(0.20, -0.38, 1.00, 0.00, 0.00, 0.00, 0),
} as const satisfies Record<string, Mouth>;

/** Name of a mouth shape. */
export type Viseme = keyof typeof VISEMES;

/**
 * The 40 words; a word's label is its index. Each letter is spoken, as the viseme of its name. The
 * words of a line are anagrams: they show the same shapes, and only the order tells them apart.
 */
export const WORDS: readonly string[] = [
  "ate eat tea",
  "opt pot top",
  "file life",
  "foal loaf",
  "opus soup",
  "fist fits sift",
  "lips lisp slip",
  "ales sale seal",
  "late tale teal",
  "opts post spot stop",
  "past pats spat taps",
  "aloft float",
  "setup upset",
  "leapt petal plate pleat",
].flatMap((anagrams) => anagrams.split(" "));

function viseme(
  open: number,
  width: number,
  round: number,
  teeth: number,
  tongue: number,
  press: number,
  tuck: number,
): Mouth {
  return { open, width, round, teeth, tongue, press, tuck };
}
