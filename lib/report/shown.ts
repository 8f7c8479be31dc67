import { JUPYTER_DISPLAY, type MimeBundle } from "../display.ts";

/**
 * Something that shows itself in a notebook, and prints as text elsewhere.
 * @category Tables (notebook)
 */
export interface Shown {
  /** The forms for a notebook, by MIME type. */
  [JUPYTER_DISPLAY](): MimeBundle;
  /** The text form. */
  toString(): string;
}

/**
 * Something that shows itself in a notebook after a moment, as what draws its charts takes long to load.
 * @category Tables (notebook)
 */
export interface ShownLater {
  /** The forms for a notebook, by MIME type. */
  [JUPYTER_DISPLAY](): Promise<MimeBundle>;
  /** The text form. */
  toString(): string;
}

/** Something that shows itself in these forms. */
export function show(bundle: MimeBundle & { "text/plain": string }): Shown {
  return { [JUPYTER_DISPLAY]: () => bundle, toString: () => bundle["text/plain"] };
}
