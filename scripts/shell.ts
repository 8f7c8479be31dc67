import { reasonOf, UsageError, UserError } from "../lib/errors.ts";
import { visible, visibleLines } from "../lib/visible.ts";
import {
  type Command,
  type CommandLine,
  helpText,
  type Operand,
  type Option,
  parseCommandLine,
} from "./command.ts";
import { createProgress, type Progress } from "./progress.ts";

/** What a command line may use of the world. Results go to stdout, everything else to stderr. */
export interface Shell {
  /** What was typed behind the command's name. */
  readonly args: readonly string[];
  /** Aborts at the first Ctrl-C (or SIGTERM); the second ends the process at once. */
  readonly signal: AbortSignal;
  /** The live line on stderr. */
  readonly progress: Progress;
  /** Writes a result and a line end to stdout. */
  print(text: string): Promise<void>;
  /** Writes a message and a line end to stderr. */
  complain(text: string): void;
}

/** A command line of the project: from arguments to exit code. */
export type Script = (shell: Shell) => Promise<number>;

/** Exit codes: 1 for what the user brought, 2 for wrong usage, 130 for Ctrl-C, as shells expect. */
const FAILED = 1;
const WRONG_USAGE = 2;
const INTERRUPTED = 130;
const TERMINATED = 143;

/**
 * One Ctrl-C can arrive twice: the terminal sends it to the whole process group, and some runners
 * (npx, task runners) pass theirs on. What comes this soon after the first, in ms, is the same one.
 */
const SAME_KEYPRESS_MS = 300;

/**
 * Makes a command line of what it takes and what it does.
 *
 * A `UserError` is told as its message alone, exit code 1 (2 if the usage was wrong). Anything else is a
 * fault of ours: message and what to do, and the stack where OCTAVO_DEBUG is set.
 */
export function script<
  Operands extends Record<string, Operand>,
  Options extends Record<string, Option>,
>(
  command: Command<Operands, Options>,
  main: (line: CommandLine<Operands, Options>, shell: Shell) => Promise<void>,
): Script {
  return async (shell) => {
    const { args, signal, progress, print } = shell;
    try {
      const line = parseCommandLine(command, args);
      if (line.help) await print(helpText(command));
      else await main(line, shell);
      progress.close();
      return 0;
    } catch (error) {
      progress.close();
      const wished = error instanceof Deno.errors.BrokenPipe ||
        (signal.aborted && error instanceof DOMException && error.name === "AbortError");
      if (wished) return 0;
      shell.complain(complaint(command.name, error));
      return error instanceof UsageError ? WRONG_USAGE : FAILED;
    }
  };
}

/**
 * Runs a command line as this process, and ends it. If the signal was aborted and the command came to its
 * end all the same, what it made so far has been written: the exit code is still 130.
 */
export async function runScript(script: Script): Promise<never> {
  const stop = new AbortController();
  const progress = createProgress();
  let interrupted = 0;
  let stoppedAt = -Infinity;
  const onSignal = (code: number) => () => {
    if (interrupted && performance.now() - stoppedAt < SAME_KEYPRESS_MS) return;
    if (interrupted) {
      progress.close();
      Deno.exit(code);
    }
    interrupted = code;
    stoppedAt = performance.now();
    stop.abort(new DOMException("Interrupted", "AbortError"));
  };
  Deno.addSignalListener("SIGINT", onSignal(INTERRUPTED));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", onSignal(TERMINATED));
  const { signal } = stop;
  const code = await script({ args: Deno.args, signal, progress, print, complain });
  Deno.exit(interrupted || code);
}

/** One message for whoever typed the command; the stack only for whoever asks for it. */
function complaint(name: string, error: unknown): string {
  const debug = Boolean(Deno.env.get("OCTAVO_DEBUG"));
  // Names stand between quotes; a line break in one is no line of the message.
  const message = reasonOf(error).replace(/"[^"]*"/g, visible);
  const lines = error instanceof UserError ? [`${name}: ${message}`] : [
    `${name}: unexpected error: ${message}`,
    ...(debug ? [] : [
      "This is a fault in Octavo. To report it, add OCTAVO_DEBUG=1, run it again, and send the " +
      "command line with what it prints.",
    ]),
  ];
  if (debug && error instanceof Error) lines.push(Deno.inspect(error));
  return lines.join("\n");
}

function complain(text: string): void {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(visibleLines(text) + "\n"));
  } catch {
    // Nobody listens any more; the exit code still says it.
  }
}

/**
 * Writes to stdout to the last byte. `console.log` would drop what a closed or full pipe refuses
 * without a word; here `| head` raises `BrokenPipe`, which {@linkcode script} takes for a wish
 * to stop.
 */
async function print(text: string): Promise<void> {
  let bytes = new TextEncoder().encode(visibleLines(text) + "\n");
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(await Deno.stdout.write(bytes));
    } catch (error) {
      // A pipe that another process of the group made non-blocking, and that is full just now.
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
