import { visible, visibleLines } from "../../lib/visible.ts";

/** The live line on stderr of a command at work. */
export interface Progress {
  /** Replaces the live line. Nothing is shown where stderr is not a terminal. */
  update(line: string): void;
  /** Leaves a line for good, above the live one. */
  log(line: string): void;
  /** Leaves a line for good where there is no live one to tell how it goes. */
  note(line: string): void;
  /** Removes the live line. */
  close(): void;
}

/** Options for {@linkcode createProgress}. */
export interface ProgressOptions {
  /** Redraw one line in place; else only `log` writes. @default {Deno.stderr.isTerminal()} */
  live?: boolean;
  /** Columns of the terminal; a live line is cut to it, since one that wraps cannot be redrawn. */
  width?: () => number;
  /** Where the characters go. @default {Deno.stderr} */
  write?: (text: string) => void;
}

/** Least time between two drawings of the live line, ms: more often only costs. */
const REDRAW_MS = 100;

/**
 * A progress line that is redrawn in place on a terminal, and only its lasting lines elsewhere, so
 * that logs stay readable.
 */
export function createProgress(options: ProgressOptions = {}): Progress {
  const { live = Deno.stderr.isTerminal(), width = columns, write = writeStderr } = options;
  let line = "";
  let drawn = -Infinity;
  const erase = () => line && write("\r\x1b[2K");
  const log = (text: string) => {
    erase();
    write(`${visibleLines(text)}\n${live ? line : ""}`);
  };
  return {
    update(text) {
      if (!live || text === line || performance.now() - drawn < REDRAW_MS) return;
      drawn = performance.now();
      const fitting = fit(visible(text), width() - 1);
      write(`\r\x1b[2K${fitting}`);
      line = fitting;
    },
    log,
    note: (text) => live || log(text),
    close() {
      erase();
      line = "";
    },
  };
}

/** Cuts a text to a number of columns, with "…" as the last. Every character counts for one. */
function fit(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, columns - 1).join("")}…`;
}

function columns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80; // stdin, stdout and stderr are all redirected
  }
}

function writeStderr(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  } catch (error) {
    // Progress is a courtesy: where nobody can read it, the work goes on.
    const lost = error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.WouldBlock;
    if (!lost) throw error;
  }
}
