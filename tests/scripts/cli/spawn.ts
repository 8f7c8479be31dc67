import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProgress } from "../../../scripts/cli/progress.ts";
import { FLAGS } from "../../../scripts/cli/permissions.ts";
import { COMMANDS } from "../../../scripts/cli/commands.ts";
import type { Script } from "../../../scripts/cli/shell.ts";

// Tests run without V8's second compilation: what they time is not for the user's own cache.
Deno.env.set("XDG_CACHE_HOME", join(tmpdir(), "octavo-tests"));

/** What the tasks permit, for tests that run commands in this process. */
export const PERMITTED: Deno.PermissionOptionsObject = {
  read: true,
  write: true,
  ...Object.fromEntries(
    FLAGS.filter((flag) => flag.includes("=")).map((flag) => {
      const [, name, list] = flag.match(/^--allow-(\w+)=(.*)$/)!;
      return [name, list!.split(",")];
    }),
  ),
};

/** What a command line left behind. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end, in this process: what a shell would see of it. A process of its own takes
 * most of a second to start, and is for what only a process can show.
 */
export async function run(name: string, ...args: string[]): Promise<Ended> {
  const { default: main } = await COMMANDS.get(name)!.load();
  return await runHere(main, ...withoutColdStarts(name, args));
}

/** The same of what is no command of `octavo`. */
export async function runHere(main: Script, ...args: string[]): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  const code = await main({
    args,
    signal: new AbortController().signal,
    progress: createProgress({ live: false, write: (text) => stderr += text }),
    print: (text) => Promise.resolve(void (stdout += `${text}\n`)),
    complain: (text) => stderr += `${text}\n`,
  });
  return { code, stdout, stderr };
}

/** Commands that start workers to see what a page waits for, half a second each. */
const STARTERS = ["sweep", "search", "quantize", "optimize"];

/** A command line that leaves that out, where it does not speak of it. */
function withoutColdStarts(name: string, args: readonly string[]): string[] {
  if (!STARTERS.includes(name) || args.includes("--cold-rounds")) return [...args];
  return [...args, "--cold-rounds", "0"];
}

/** Starts a command as a user does, with pipes for a terminal. */
export function start(name: string, args: readonly string[]): Deno.ChildProcess {
  return startPermitted(FLAGS, name, ...withoutColdStarts(name, args));
}

/** Starts `octavo` with some permissions of Deno alone. */
export function startPermitted(flags: readonly string[], ...args: string[]): Deno.ChildProcess {
  return startFile("../../../scripts/cli/octavo.ts", flags, args);
}

/** Starts a file, named from here. */
function startFile(
  path: string,
  flags: readonly string[],
  args: readonly string[],
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, new URL(path, import.meta.url).href, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command to its end, as a user does. */
export async function spawn(name: string, ...args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await start(name, args).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/**
 * Runs a command until its stderr has a text, then ends it by a signal.
 *
 * @param name Of the command, or path of a file beside this one.
 */
export async function runUntil(
  text: string,
  signal: Deno.Signal,
  name: string,
  ...args: string[]
): Promise<Ended> {
  const child = name.startsWith("./") ? startFile(name, FLAGS, args) : start(name, args);
  const stdout = new Response(child.stdout).text();
  let stderr = "";
  let sent = false;
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += part;
    if (sent || !stderr.includes(text)) continue;
    child.kill(signal);
    sent = true;
  }
  const { code } = await child.status;
  return { code, stdout: await stdout, stderr };
}
