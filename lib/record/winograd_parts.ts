import type { WinogradForm } from "./recipe.ts";

/** What a form of Winograd's says. */
export interface WinogradParts {
  /** Outputs of a tile along both axes. */
  readonly tile: readonly [height: number, width: number];
  /** Whether it multiplies integers, so that it adds noise. */
  readonly hasIntegers: boolean;
}

/** Reads a form of Winograd's. */
export function winogradParts(form: WinogradForm): WinogradParts {
  const [, height, width, integers] = /^winograd (\d+)x(\d+)(, integers)?$/.exec(form) ?? [];
  return { tile: [Number(height), Number(width)], hasIntegers: integers !== undefined };
}
