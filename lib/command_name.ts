import { environment } from "./environment.ts";

/**
 * How a command is typed, for messages that name one: `octavo sweep`; in a clone, whose tasks say so in
 * `$OCTAVO_AS`, `deno task sweep`.
 */
export function commandName(command: string): string {
  return `${environment("OCTAVO_AS") || "octavo"} ${command}`;
}

/**
 * How another command is typed by whoever typed the one that a record names: a report says the same
 * wherever it is written again.
 *
 * @param recorded e.g. `deno task sweep model.onnx`, or `sweep()` of the library.
 * @example
 * ```ts
 * import { commandLike } from "./command_name.ts";
 * import assert from "node:assert/strict";
 * assert.equal(commandLike("deno task sweep model.onnx", "ablate"), "deno task ablate");
 * assert.equal(commandLike("sweep()", "ablate"), "octavo ablate");
 * ```
 */
export function commandLike(recorded: string, command: string): string {
  const [, before = "octavo"] = recorded.match(/^([\w ]+) (?:sweep|search)(?= |$)/) ?? [];
  return `${before} ${command}`;
}
