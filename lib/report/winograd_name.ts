import { winogradParts } from "../record/winograd_parts.ts";
import type { WinogradForm } from "../record/recipe.ts";

/**
 * A form of a Conv by the name that papers give it: `Winograd F(4,3)`, or `Winograd F(4x7,3x3)` where
 * its axes differ. Axes along which the kernel has one tap are left out.
 *
 * @param kernel Lengths of the Conv's kernel.
 * @example
 * ```ts
 * import { winogradName } from "./winograd_name.ts";
 * import assert from "node:assert/strict";
 * assert.equal(winogradName("winograd 4x4", [3, 3]), "Winograd F(4,3)");
 * assert.equal(winogradName("winograd 7x2", [3, 3]), "Winograd F(7x2,3x3)");
 * assert.equal(winogradName("winograd 6x1", [3, 1]), "Winograd F(6,3)");
 * assert.equal(
 *   winogradName("winograd 2x2, integers", [3, 3]),
 *   "Winograd F(2,3) with integer products",
 * );
 * ```
 */
export function winogradName(form: WinogradForm, kernel: readonly number[]): string {
  const { tile: both, hasIntegers } = winogradParts(form);
  const tile = both.slice(-kernel.length);
  const axes = kernel.flatMap((taps, axis) => taps > 1 ? [[tile[axis], taps] as const] : []);
  const isAlike = axes.every(([outputs, taps]) => outputs === axes[0]![0] && taps === axes[0]![1]);
  const shown = isAlike ? axes.slice(0, 1) : axes;
  const [outputs, taps] = [0, 1].map((part) => shown.map((axis) => axis[part]).join("x"));
  const products = hasIntegers ? " with integer products" : "";
  return `Winograd F(${outputs},${taps})${products}`;
}
