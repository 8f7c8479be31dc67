import { megabytes } from "./format.ts";

/** Why a form is no choice that would need so many bytes while it runs. */
export function tooLargeText(bytes: number): string {
  return `needs ${
    megabytes(Math.round(bytes))
  } while it runs: above the limit of the WASM heap (--max-heap)`;
}
