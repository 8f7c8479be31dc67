/** The oldest Deno that the commands are tested with. */
export const NEEDED_DENO = "2.9.6";

/** What there is of a program that runs TypeScript; only Deno has a `Deno`. */
export interface Host {
  readonly Deno?: { readonly version: { readonly deno: string } };
}

/**
 * What to tell whoever runs the commands with another program than they need; undefined where it is
 * right. This file is read before all others, so that it can tell: it imports nothing.
 *
 * @example
 * ```ts
 * import { wrongHost } from "./host.ts";
 * import assert from "node:assert/strict";
 * assert.equal(wrongHost(globalThis), undefined);
 * ```
 */
export function wrongHost({ Deno }: Host): string | undefined {
  const get = `npx --yes deno@${NEEDED_DENO} runs it without being installed`;
  if (Deno === undefined) {
    return `octavo: The commands run on Deno, and this is none: ${get}. Where the package octavo was ` +
      "installed by npm, npx octavo starts them.";
  }
  const { deno } = Deno.version;
  return isOlder(deno, NEEDED_DENO)
    ? `octavo: This is Deno ${deno}, and it takes ${NEEDED_DENO} or newer: ${get}, and deno upgrade ` +
      "brings the newest."
    : undefined;
}

/** Whether a version comes before another: 2.10.0 comes after 2.9.6. */
function isOlder(version: string, other: string): boolean {
  const [parts, others] = [version, other].map((text) => text.split(".").map(Number.parseFloat));
  const at = others!.findIndex((part, i) => part !== parts![i]);
  return at >= 0 && parts![at]! < others![at]!;
}
