import project from "../../deno.json" with { type: "json" };
import { commandName } from "../../lib/command_name.ts";
import { nearest } from "../../lib/errors.ts";
import { COMMON_OPTIONS } from "./common_options.ts";
import { COMMANDS } from "./commands.ts";
import type { Script } from "./shell.ts";

/** What a command line asks for: a command with its arguments, or a text that answers it at once. */
export type Choice =
  | { readonly script: Script; readonly args: readonly string[] }
  | Answer;

/** A text, to stdout where the exit code is 0, else to stderr. */
export interface Answer {
  readonly text: string;
  readonly code: 0 | 2;
}

/** Reads the first word of a command line, and loads the command that it names, and no other. */
export async function chosen([first, ...rest]: readonly string[]): Promise<Choice> {
  if (first === undefined) return { text: overview(), code: 0 };
  if (first === "--version") return { text: `octavo ${project.version}`, code: 0 };
  if (["--help", "-h"].includes(first)) {
    return rest[0] === undefined ? { text: overview(), code: 0 } : chosen([...rest, "--help"]);
  }
  if (first === "help") {
    const [topic] = rest;
    if (topic === undefined) return { text: overview(), code: 0 };
    if (COMMANDS.has(topic)) return chosen([topic, "--help"]);
  }
  const entry = COMMANDS.get(first);
  if (entry) return { script: (await entry.load()).default, args: rest };
  return { text: `octavo: ${complaint(first)}\nSee: ${commandName("--help")}`, code: 2 };
}

/** Prints an answer. Returns the exit code. */
export function answer({ text, code }: Answer): number {
  const bytes = new TextEncoder().encode(`${text}\n`);
  try {
    (code === 0 ? Deno.stdout : Deno.stderr).writeSync(bytes);
  } catch {
    // Nobody listens any more.
  }
  return code;
}

/** Letters of the longest name in the overview. */
const NAME_WIDTH = "--calibration N".length;

/** All commands with one line each. */
function overview(): string {
  const commands = [...COMMANDS].map(([name, { summary }]) => [name, summary] as const);
  const rows = (entries: Iterable<readonly [name: string, what: string]>) =>
    [...entries].map(([name, what]) => `  ${name.padEnd(NAME_WIDTH)}  ${what}`);
  return [
    "Octavo takes a float32 ONNX network to int8 for onnxruntime-web, and measures what that bought.",
    "",
    `Usage: ${commandName("COMMAND")} [arguments] [options]`,
    "",
    ...rows(commands),
    "",
    "Options that mean the same in all commands that take them:",
    "",
    ...rows(COMMON_OPTIONS),
    ...rows([["--help", "tell what a command takes"], ["--version", "say which Octavo this is"]]),
  ].join("\n");
}

/** What is wrong with a word that names no command. */
function complaint(word: string): string {
  const isOption = word.startsWith("-");
  const known = isOption ? ["--help", "--version"] : [...COMMANDS.keys()];
  const [near] = nearest(word, known);
  const hint = near === undefined ? "the name of a command comes first" : `did you mean ${near}?`;
  return `Unknown ${isOption ? `option ${word}` : `command "${word}"`}: ${hint}`;
}
