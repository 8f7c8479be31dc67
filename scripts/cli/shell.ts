import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { environment } from "../../lib/environment.ts";
import { reasonOf, UsageError, UserError } from "../../lib/errors.ts";
import { isPermitted } from "../../lib/permitted.ts";
import { visibleLines } from "../../lib/visible.ts";
import {
  type Command,
  type CommandLine,
  type Operand,
  type Option,
  parseCommandLine,
} from "./command.ts";
import { createProgress, type Progress } from "./progress.ts";
import { withoutPermission } from "./permissions.ts";
import { told } from "./told.ts";
import type { Interruption } from "./watchdog.ts";

/** What a command line may use of the world. Results go to stdout, everything else to stderr. */
export interface Shell {
  /** What was typed behind the command's name. */
  readonly args: readonly string[];
  /**
   * Aborts at the first Ctrl-C (or SIGTERM); the process ends within a second of it, or at the second.
   */
  readonly signal: AbortSignal;
  /** The live line on stderr. */
  readonly progress: Progress;
  /** Writes a result and a line end to stdout. */
  print(text: string): Promise<void>;
  /** Writes a message and a line end to stderr. */
  complain(text: string): void;
}

/** A command line of the project: from arguments to exit code. */
export interface Script {
  (shell: Shell): Promise<number>;
  /** What is said where it is stopped before it could end in order. */
  readonly farewell: string;
  /** What its command line takes. */
  readonly command: Command;
}

/** Exit codes: 1 for what the user brought, 2 for wrong usage; 130 for Ctrl-C is the watchdog's. */
const FAILED = 1;
const WRONG_USAGE = 2;

/** Time that a command has to end in order after Ctrl-C, ms: then the process ends. */
const ORDER_MS = 550;

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
  const { name, stopped = "nothing was written" } = command;
  const farewell = `${name}: stopped; ${stopped}`;
  const run = async (shell: Shell) => {
    const { args, signal, progress, print } = shell;
    try {
      const line = parseCommandLine(command, args);
      if (line.help !== undefined) await print(line.help);
      else await main(line, shell);
      progress.close();
      return 0;
    } catch (error) {
      progress.close();
      if (error instanceof Deno.errors.BrokenPipe) return 0;
      if (signal.aborted && error instanceof DOMException && error.name === "AbortError") {
        shell.complain(farewell);
        return 0;
      }
      shell.complain(complaint(name, error));
      return error instanceof UsageError ? WRONG_USAGE : FAILED;
    }
  };
  return Object.assign(run, { farewell, command });
}

/**
 * Runs a command line as this process, and ends it. At Ctrl-C the command has most of a second to end in
 * order, and then the process ends. What it made so far has been written; the exit code is 130 all the
 * same.
 */
export async function runScript(
  script: Script,
  args: readonly string[] = Deno.args,
): Promise<never> {
  requireReading(import.meta.url);
  standWhereTyped();
  const stop = new AbortController();
  const progress = createProgress();
  let interrupted = 0;
  const end = (code: number): never => {
    progress.close();
    Deno.exit(code);
  };
  const watchdog = new Worker(new URL("./watchdog.ts", import.meta.url), { type: "module" });
  const ready = Promise.withResolvers<void>();
  watchdog.onmessage = ({ data }: MessageEvent<Interruption | "ready">) => {
    if (data === "ready") return ready.resolve();
    interrupted = data.code;
    if (data.again) end(data.code);
    setTimeout(() => {
      progress.close();
      complain(script.farewell);
      end(data.code);
    }, ORDER_MS);
    stop.abort(new DOMException("Interrupted", "AbortError"));
  };
  watchdog.postMessage(script.farewell);
  await ready.promise;
  const { signal } = stop;
  const code = await script({ args, signal, progress, print, complain });
  Deno.exit(interrupted || code);
}

/** Ends the process where it may not read its own files, before Deno asks for each of them. */
function requireReading(address: string): void {
  const path = address.startsWith("file:") ? fileURLToPath(address) : undefined;
  if (path === undefined || isPermitted({ name: "read", path })) return;
  const error = new Deno.errors.NotCapable(`Requires read access to "${path}"`);
  complain(`octavo: ${withoutPermission(error)}`);
  Deno.exit(FAILED);
}

/**
 * Goes back to the folder in which the command was typed: `deno task --config PATH` runs it in that of
 * the config, and files are named from where one stands.
 */
function standWhereTyped(): void {
  const project = fileURLToPath(new URL("../..", import.meta.url));
  const typed = environment("INIT_CWD");
  if (typed !== undefined && resolve(Deno.cwd()) === resolve(project)) Deno.chdir(typed);
}

/** One message for whoever typed the command; the stack only for whoever asks for it. */
function complaint(name: string, error: unknown): string {
  const debug = Boolean(environment("OCTAVO_DEBUG"));
  const denied = withoutPermission(error);
  const message = denied ?? told(reasonOf(error));
  const lines = error instanceof UserError || denied !== undefined ? [`${name}: ${message}`] : [
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
