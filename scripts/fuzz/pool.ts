import type { Finding, Outcome } from "./judge.ts";
import { MARK } from "./victim.ts";

/** How one mutant ended. */
export interface Ending extends Partial<Finding> {
  readonly number: number;
  readonly outcome: Outcome;
  /** Software that was at work when a process hung, died or took too much. */
  readonly outside: string;
}

/** Options for {@linkcode tryMutants}. */
export interface PoolOptions {
  seed: number;
  /** Processes at a time. */
  processes: number;
  /** Longest that one mutant may take, ms. */
  timeoutMs: number;
  /** Most memory of a process, bytes. */
  memory: number;
  /** Name of the only reader that is tried. */
  only?: string;
  signal: AbortSignal;
}

/** A line that a victim writes. */
type Line = { readonly outside?: string; readonly begin?: number } & Partial<Ending> & {
  readonly end?: number;
};

/** Reads mutants in processes of their own, which may hang, die, or take all memory they are given. */
export async function tryMutants(
  numbers: Iterator<number>,
  options: PoolOptions,
  tell: (ending: Ending) => void,
): Promise<void> {
  const next = () => options.signal.aborted ? undefined : numbers.next().value as number;
  await Promise.all(Array.from({ length: options.processes }, async () => {
    // A victim takes mutants until it ends; another takes over.
    while (await oneVictim(next, options, tell));
  }));
}

/** @returns Whether there may be more mutants. */
async function oneVictim(
  next: () => number | undefined,
  options: PoolOptions,
  tell: (ending: Ending) => void,
): Promise<boolean> {
  let number = next();
  if (number === undefined) return false;
  const child = spawn(options);
  const input = child.stdin.getWriter();
  const send = (mutant: number) => input.write(new TextEncoder().encode(`${mutant}\n`));
  let outside = "";
  let fate: "hang" | "memory" | "death" = "death";
  const kill = (reason: typeof fate) => {
    fate = reason;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(() => kill("hang"), options.timeoutMs + STARTS_MS);
  const watch = setInterval(async () => {
    if (await memoryOf(child.pid) > options.memory) kill("memory");
  }, 200);
  const stop = () => child.kill("SIGKILL");
  options.signal.addEventListener("abort", stop);
  try {
    await send(number);
    for await (const line of linesOf(child.stdout)) {
      if (line.outside !== undefined) outside = line.outside;
      clearTimeout(timer);
      timer = setTimeout(() => kill("hang"), options.timeoutMs);
      if (line.end === undefined) continue;
      tell({ ...line, outcome: line.outcome!, number, outside: "" });
      number = next();
      if (number === undefined) break;
      await send(number);
    }
  } catch {
    // The pipe of one that is gone.
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    options.signal.removeEventListener("abort", stop);
  }
  await input.close().catch(() => {});
  await child.status;
  if (number !== undefined && !options.signal.aborted) tell({ number, outcome: fate, outside });
  return number !== undefined;
}

/** What a process may take to start on a busy machine, ms. */
const STARTS_MS = 60_000;

function spawn({ seed, only, memory }: PoolOptions): Deno.ChildProcess {
  const heap = Math.floor(memory / 2 ** 20);
  const victim = new URL("./victim.ts", import.meta.url).href;
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", `--v8-flags=--max-old-space-size=${heap},--wasm-tiering-budget=1000000000`],
      ...[victim, String(seed), only ?? ""],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Line> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith(MARK)) yield JSON.parse(line.slice(1));
  }
}

/** Bytes that a process has in memory; 0 where the system does not say. */
async function memoryOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return 1024 * Number(status.match(/^VmRSS:\s+(\d+)/m)?.[1] ?? 0);
}
