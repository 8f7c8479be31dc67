/** Advance widths of Inter Regular for U+0020 to U+007E, hundredths of an em (its `hmtx` table). */
const ASCII = [
  ...[28, 29, 47, 63, 64, 98, 64, 30, 36, 36, 50, 66, 29, 46, 29, 36], // space to /
  ...[63, 41, 61, 62, 65, 59, 62, 57, 62, 62, 29, 30, 66, 66, 66, 51], // 0 to ?
  ...[97, 69, 65, 73, 72, 60, 59, 75, 74, 27, 57, 67, 57, 90, 75, 76], // @ to O
  ...[64, 76, 64, 64, 65, 74, 69, 99, 68, 68, 63, 36, 36, 36, 47, 46], // P to _
  ...[32, 56, 61, 57, 61, 58, 37, 61, 59, 24, 24, 55, 24, 88, 59, 60], // ` to o
  ...[61, 61, 38, 53, 33, 59, 56, 82, 55, 56, 55, 43, 33, 43, 66], // p to ~
];

/**
 * Room to keep beyond Inter's own widths: the page falls back to the reader's own sans-serif, and
 * DejaVu Sans, the widest of the usual ones, needs about a tenth more.
 */
const SLACK = 1.08;

/** What semibold needs of the width of regular letters. */
const STRONG = 1.2;

/**
 * Width of a text at a font size, px, rather too large than too small. Semibold, which some fonts only
 * have as bold, needs up to a fifth more: DejaVu Sans Bold, of narrow letters and digits.
 */
export function textWidth(text: string, size: number, strong = false): number {
  let width = 0;
  for (const char of text) {
    const code = char.codePointAt(0)!;
    // Latin and symbols average 0.7 em; from Hangul Jamo on, scripts fill the whole em.
    width += (ASCII[code - 0x20] ?? (char === "·" ? 29 : code < 0x1100 ? 70 : 100)) / 100;
  }
  return width * size * SLACK * (strong ? STRONG : 1);
}

/** Shortens a text to a width, with an ellipsis where something is missing. */
export function ellipsis(text: string, size: number, width: number, strong = false): string {
  if (textWidth(text, size, strong) <= width) return text;
  const chars = [...text];
  while (chars.length > 1 && textWidth(`${chars.join("").trimEnd()}…`, size, strong) > width) {
    chars.pop();
  }
  return `${chars.join("").trimEnd()}…`;
}

/** Breaks a text at spaces into lines of at most `width` px; a longer word stands alone. */
export function wrapText(text: string, size: number, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
