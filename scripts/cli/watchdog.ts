/**
 * A worker that waits for Ctrl-C, since the main thread cannot while it computes: it tells the main
 * thread, which ends in order, and ends the process where that takes too long. What is stored is stored
 * in whole pieces, so nothing is lost by it.
 */

/** What the main thread is told. */
export interface Interruption {
  /** Exit code that shells expect. */
  readonly code: number;
  /** Whether it has been told before. */
  readonly again: boolean;
}

/**
 * One Ctrl-C can arrive twice: the terminal sends it to the whole process group, and some runners
 * (npx, task runners) pass theirs on. What comes this soon after the first, in ms, is the same one.
 */
const SAME_KEYPRESS_MS = 300;

/** Time that the main thread has to end by itself after it was told, ms. It is over before a second. */
const GRACE_MS = 700;

/** The same where it was told twice. */
const SECOND_GRACE_MS = 100;

/** Signals, and the exit codes by which shells know them. */
const SIGNALS = new Map<Deno.Signal, number>([["SIGINT", 130]]);
if (Deno.build.os !== "windows") SIGNALS.set("SIGTERM", 143);

/** What a worker has, of which the compiler does not know that this is one. */
declare const self: {
  postMessage(message: Interruption | "ready"): void;
  onmessage: (event: MessageEvent<string>) => void;
};

/** What is said where the main thread cannot. */
let farewell = "";
self.onmessage = ({ data }) => void (farewell = data);

let first: number | undefined;

const listeners = [...SIGNALS].map(([signal, code]) => {
  const listener = () => {
    const now = performance.now();
    const again = first !== undefined;
    if (again && now - first! < SAME_KEYPRESS_MS) return;
    first ??= now;
    self.postMessage({ code, again });
    setTimeout(() => end(signal), again ? SECOND_GRACE_MS : GRACE_MS);
  };
  Deno.addSignalListener(signal, listener);
  return { signal, listener };
});
self.postMessage("ready");

/** Without a listener a signal does what it does by default: it ends the process. */
function end(signal: Deno.Signal): void {
  try {
    const erase = Deno.stderr.isTerminal() ? "\r\x1b[2K" : "";
    Deno.stderr.writeSync(new TextEncoder().encode(`${erase}${farewell}\n`));
  } catch {
    // Nobody listens any more.
  }
  for (const one of listeners) Deno.removeSignalListener(one.signal, one.listener);
  Deno.kill(Deno.pid, signal);
}
