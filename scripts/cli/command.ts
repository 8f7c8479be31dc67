import { parseArgs } from "@std/cli/parse-args";
import { commandName } from "../../lib/command_name.ts";
import { nearest, UsageError } from "../../lib/errors.ts";
import { termsOfNames } from "../../lib/report/terms.ts";
import { wrapWords } from "../../lib/report/wrap_words.ts";

/**
 * What a command line takes, as a table: from it come the parsed and typed values, `--help`, and
 * every message about wrong usage.
 */
export interface Command<
  Operands extends Record<string, Operand> = Record<string, Operand>,
  Options extends Record<string, Option> = Record<string, Option>,
> {
  /** Its name, as in `octavo sweep`. */
  readonly name: string;
  /** What it does, for the first lines of `--help`. */
  readonly summary: string;
  /** Values without a name, in order. */
  readonly operands: Operands;
  /** Values with a name; `maxDrop` is written `--max-drop`. */
  readonly options: Options;
  /** What is said of its results where it is stopped. @default {"nothing was written"} */
  readonly stopped?: string;
  /** What may be typed behind its name, for the end of `--help`; "" is nothing. */
  readonly examples?: readonly string[];
  /** Words of its answers that `--help` explains, see `TERMS`. */
  readonly words?: readonly string[];
}

/** Of a command that keeps what it measured. */
export const RESUMES = "what was measured is kept, and the same command goes on from there";

/** Of a command that writes its files at the end. */
export const WHOLE_FILES = "each of its files is written whole, or still as it was";

/** A value without a name, as in `inspect model.onnx`. */
export interface Operand {
  /** How it is written in the usage line, e.g. `model.onnx`. */
  readonly placeholder: string;
  readonly help: string;
  readonly optional?: boolean;
  /** Takes all that follow too; of the last operand only. */
  readonly rest?: boolean;
}

/** A value with a name. */
export type Option =
  | { readonly kind: "flag"; readonly help: string }
  | {
    readonly kind: "text";
    readonly placeholder: string;
    readonly help: string;
    /** The text that the value `help` is answered with. */
    readonly explain?: () => string;
  }
  | { readonly kind: "texts"; readonly placeholder: string; readonly help: string }
  | NumberOption;

/** A number with a name; both ends of its range are allowed values. */
export interface NumberOption {
  readonly kind: "number";
  readonly placeholder: string;
  readonly help: string;
  readonly integer?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** Whether `none` may be given, which is Infinity. */
  readonly none?: boolean;
}

/** What {@linkcode parseCommandLine} makes of a table. */
export interface CommandLine<
  Operands extends Record<string, Operand>,
  Options extends Record<string, Option>,
> {
  /** What is to be shown in place of any work, as `--help` or `--metric help` was given. */
  readonly help?: string;
  readonly operands: {
    [K in keyof Operands]: Operands[K] extends { rest: true } ? string[]
      : string | OptionalOf<Operands[K]>;
  };
  readonly options: { [K in keyof Options]: ValueOf<Options[K]> };
}

type OptionalOf<O extends Operand> = O extends { optional: true } ? undefined : never;
type ValueOf<O extends Option> = O["kind"] extends "flag" ? boolean
  :
    | (O["kind"] extends "number" ? number : O["kind"] extends "texts" ? string[] : string)
    | undefined;

/** A switch: false unless given. */
export function flag(help: string) {
  return { kind: "flag", help } as const;
}

/** A text, e.g. the path of a file. */
export function text(placeholder: string, help: string, explain?: () => string) {
  return { kind: "text", placeholder, help, ...(explain && { explain }) } as const;
}

/** Texts, each given by the option once more. */
export function texts(placeholder: string, help: string) {
  return { kind: "texts", placeholder, help } as const;
}

/** A number within `limits`. */
export function number(
  placeholder: string,
  help: string,
  limits: Pick<NumberOption, "integer" | "min" | "max" | "none"> = {},
): NumberOption {
  return { kind: "number", placeholder, help, ...limits };
}

/**
 * Reads a command line against its table.
 *
 * @throws {UsageError} An unknown option (with the nearest name), a missing or wrong value, too many
 * or too few operands.
 * @example
 * ```ts
 * import { number, parseCommandLine } from "./command.ts";
 * import assert from "node:assert/strict";
 *
 * const command = {
 *   name: "sweep",
 *   summary: "Measures configurations.",
 *   operands: { model: { placeholder: "model.onnx", help: "the network", optional: true } },
 *   options: { maxDrop: number("POINTS", "largest drop", { min: 0 }) },
 * } as const;
 * const { operands, options } = parseCommandLine(command, ["m.onnx", "--max-drop", "0.5"]);
 * assert.equal(operands.model, "m.onnx");
 * assert.equal(options.maxDrop, 0.5);
 * assert.throws(() => parseCommandLine(command, ["--maxdrop=1"]), /did you mean --max-drop/);
 * ```
 */
export function parseCommandLine<
  Operands extends Record<string, Operand>,
  Options extends Record<string, Option>,
>(
  command: Command<Operands, Options>,
  args: readonly string[],
): CommandLine<Operands, Options> {
  const fail = (message: string): never => {
    throw new UsageError(`${message}\nSee: ${commandName(command.name)} --help`);
  };
  const options = Object.entries<Option>(command.options);
  const parsed = split(args, options, fail);
  const help = parsed.help ? helpText(command) : explanation(parsed, options);
  if (help !== undefined) {
    return { help, operands: {}, options: {} } as unknown as CommandLine<Operands, Options>;
  }
  const values = Object.fromEntries(
    options.map(([key, option]) => {
      const name = kebab(key);
      // parseArgs takes any text after a flag's "=" for true.
      const assigned = args.find((arg) => arg.startsWith(`--${name}=`));
      return [
        key,
        option.kind === "flag"
          ? readFlag(name, parsed[name], assigned, fail)
          : readValue(name, option, parsed[name], fail),
      ];
    }),
  );
  const operands = readOperands(command, parsed._ as string[], fail);
  return { operands, options: values } as unknown as CommandLine<Operands, Options>;
}

/** What an option is answered with that was given the value `help`. */
function explanation(
  parsed: Record<string, unknown>,
  options: readonly [key: string, option: Option][],
): string | undefined {
  for (const [key, option] of options) {
    if (option.kind === "text" && option.explain && parsed[kebab(key)] === "help") {
      return option.explain();
    }
  }
  return undefined;
}

/** Throws a message about wrong usage. */
type Fail = (message: string) => never;

/** Tells options, by their names as written, and operands, as `_`, apart; their types are not read yet. */
function split(
  args: readonly string[],
  options: readonly [key: string, option: Option][],
  fail: Fail,
): Record<string, unknown> {
  const names = options.map(([key]) => kebab(key));
  const flags = options.filter(([, option]) => option.kind === "flag").map(([key]) => kebab(key));
  const numbers = options.filter(([, option]) => option.kind === "number").map(([key]) =>
    kebab(key)
  );
  return parseArgs(withNegatives(args, numbers), {
    // "_" are the operands: without it, a folder named 007 would become the number 7.
    string: ["_", ...names.filter((name) => !flags.includes(name))],
    boolean: [...flags, "help"],
    collect: options.filter(([, option]) => option.kind === "texts").map(([key]) => kebab(key)),
    alias: { help: "h" },
    unknown: (arg: string, key: string | undefined) => {
      if (key === undefined) return true; // an operand
      const name = arg.replace(/=.*$/s, "");
      const word = name.replace(/^-+/, "");
      // A single letter is in most names; only a first letter means one.
      const [near] = nearest(
        word,
        names.filter((known) => word.length > 1 || known.startsWith(word)),
      );
      return fail(`Unknown option ${name}${near ? `: did you mean --${near}?` : ""}`);
    },
  });
}

/** `--max-drop -1` as `--max-drop=-1`: else the number is taken for an option of its own. */
function withNegatives(args: readonly string[], numbers: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const before = joined.at(-1) ?? "";
    if (/^-[\d.]/.test(arg) && numbers.some((name) => before === `--${name}`)) {
      joined[joined.length - 1] = `${before}=${arg}`;
    } else joined.push(arg);
  }
  return joined;
}

/** @param assigned The argument, if it gives the flag a value: `--json=yes`. */
function readFlag(name: string, value: unknown, assigned: string | undefined, fail: Fail): boolean {
  if (assigned) fail(`Option --${name} takes no value, got ${assigned}`);
  return value === true;
}

function readValue(
  name: string,
  option: Exclude<Option, { kind: "flag" }>,
  value: unknown,
  fail: Fail,
): unknown {
  // parseArgs gives "" where a value is missing, and [] where there is none to collect.
  if (Array.isArray(value) && value.length === 0) return undefined;
  if (value === "" || Array.isArray(value) && value.includes("")) {
    fail(`Option --${name} needs a value: --${name} ${option.placeholder}`);
  }
  return typeof value !== "string" || option.kind !== "number"
    ? value
    : readNumber(name, option, value, fail);
}

function readOperands(
  command: Command,
  given: readonly string[],
  fail: Fail,
): Record<string, string | readonly string[] | undefined> {
  const wanted = Object.entries(command.operands);
  const missing = wanted.slice(given.length).find(([, operand]) => !operand.optional);
  if (missing) fail(`Missing ${missing[1].placeholder}: ${missing[1].help}`);
  if (given.length > wanted.length && !wanted.at(-1)?.[1].rest) {
    const extra = JSON.stringify(given[wanted.length]);
    fail(`Unexpected ${extra}: if a path has spaces, quote it; usage is ${usage(command)}`);
  }
  return Object.fromEntries(
    wanted.map(([key, { rest }], i) => [key, rest ? given.slice(i) : given[i]]),
  );
}

/** The text of `--help`. */
export function helpText(command: Command): string {
  const rows = [
    ...Object.values(command.operands).map((o) => [o.placeholder, o.help]),
    ...Object.entries(command.options).map((
      [key, option],
    ) => [optionForm(key, option), option.help]),
    ["--help", "show this text"],
  ] as [string, string][];
  const width = Math.max(...rows.map(([form]) => form.length));
  const lines = rows.flatMap(([form, help]) =>
    wrapWords(help, 96 - width).map((line, i) => `  ${(i ? "" : form).padEnd(width)}  ${line}`)
  );
  const { examples = [] } = command;
  const words = termsOfNames(command.words ?? []);
  return [
    ...wrapWords(command.summary, 98),
    "",
    `Usage: ${usage(command)}`,
    "",
    ...lines,
    ...(examples.length
      ? [
        "",
        "Examples:",
        ...examples.map((line) => `  ${commandName(command.name)} ${line}`.trimEnd()),
      ]
      : []),
    ...(words.length ? ["", "Words of its answers:", ...words.flatMap(definition)] : []),
  ].join("\n");
}

function definition({ name, text }: { name: string; text: string }): string[] {
  return wrapWords(`${name}: ${text}`, 96).map((line, i) => `  ${i > 0 ? "  " : ""}${line}`);
}

function usage(command: Command): string {
  const operands = Object.values(command.operands)
    .map(({ placeholder, optional, rest }) => {
      const form = rest ? `${placeholder}...` : placeholder;
      return optional ? `[${form}]` : form;
    });
  return [commandName(command.name), ...operands, "[options]"].join(" ");
}

function optionForm(key: string, option: Option): string {
  return `--${kebab(key)}${option.kind === "flag" ? "" : ` ${option.placeholder}`}`;
}

function readNumber(
  name: string,
  { integer = false, min = -Infinity, max = Infinity, none = false }: NumberOption,
  value: string,
  fail: Fail,
): number {
  if (none && value === "none") return Infinity;
  const result = value.trim() === "" ? NaN : Number(value);
  const right = Number.isFinite(result) && (!integer || Number.isInteger(result)) &&
    result >= min && result <= max;
  if (right) return result;
  const range = min > -Infinity && max < Infinity
    ? ` from ${min} to ${max}`
    : min > -Infinity
    ? ` of at least ${min}`
    : max < Infinity
    ? ` of at most ${max}`
    : "";
  const hasUnit = /^\s*-?[\d.]+\s*[^\d.\s-]/.test(value) && !/e-?\d+$/i.test(value);
  return fail(
    `Option --${name} needs ${integer ? "a whole number" : "a number"}${range}` +
      `${none ? ", or none" : ""}` +
      `${hasUnit ? ", without a unit" : ""}, got ${JSON.stringify(value)}`,
  );
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
