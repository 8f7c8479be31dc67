import { visible } from "../../lib/visible.ts";

/** Longest name that a message shows whole. */
const LONGEST = 200;

/**
 * A message as a command line tells it: what stands between quotes comes from a file, and may hold line
 * breaks, control characters, or thousands of letters.
 */
export function told(message: string): string {
  return message.replace(/"[^"]*"/g, (quoted) => {
    const name = visible(quoted.slice(1, -1));
    return `"${name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name}"`;
  });
}
