import { commandName } from "../lib/command_name.ts";
import { nearest, UsageError, UserError } from "../lib/errors.ts";
import { number, text } from "./cli/command.ts";
import { type Ending, tryMutants } from "./fuzz/pool.ts";
import { type Kind, Tally } from "./fuzz/tally.ts";
import { targetOf, targets } from "./fuzz/targets.ts";
import { runScript, script } from "./cli/shell.ts";

const whole = { integer: true, min: 0 } as const;

const command = {
  name: "fuzz",
  summary:
    "Gives damaged files to every reader: models, arrays, sound, pictures, configs and studies, each " +
    "made from a good one by a few changes. Each is to end well or in one clear sentence, in the time " +
    "and memory that it has. What other software does not survive is counted, but neither kept nor named.",
  operands: {},
  options: {
    seed: number("N", "another seed gives other mutants; 1 by default", whole),
    mutants: number("N", "how many; 10,000 by default", { integer: true, min: 1 }),
    minutes: number("N", "begin no more after so long; no limit by default", { min: 0 }),
    only: number("N", "try the mutant of this number alone", whole),
    reader: text("NAME", `one reader: ${targets.map(([{ name }]) => name).join(", ")}`),
    timeout: number("S", "longest for one mutant, in seconds; 20 by default", { min: 1 }),
    memory: number("MB", "most memory of a process; 2048 by default", { integer: true, min: 256 }),
    processes: number("N", "at a time; one for each core by default", { integer: true, min: 1 }),
  },
  examples: ["--seed 7 --minutes 10", "--reader npz --mutants 500"],
} as const;

const main = script(command, async ({ options }, { print, progress, signal }) => {
  const { seed = 1, mutants = 10_000, minutes = Infinity, only, reader, timeout = 20 } = options;
  const { memory = 2048, processes = navigator.hardwareConcurrency } = options;
  requireReader(reader);
  const numbers = only === undefined ? counting(mutants, minutes) : [only].values();
  const tally = new Tally();
  let done = 0;
  const tell = (ending: Ending) => {
    tally.add(targetOf(ending.number, reader).name, ending);
    progress.update(`${++done} of ${mutants} mutants`);
  };
  await tryMutants(numbers, {
    ...{ seed, processes, signal, only: reader },
    timeoutMs: 1000 * timeout,
    memory: memory * 2 ** 20,
  }, tell);
  progress.close();
  await print(`${done} mutants of seed ${seed}\n\n${tally.counts}`);
  for (const kind of tally.ours) await print(`\n${describe(kind, seed, reader)}`);
  for (const { reader, count, ending: { outcome, outside } } of tally.others) {
    await print(`\n${reader}: ${outcome} in ${outside}, ${count} times`);
  }
  const failures = tally.ours.reduce((sum, { count }) => sum + count, 0);
  if (failures > 0) {
    throw new UserError(`${failures} mutants did not end well or in a clear sentence`);
  }
});

function requireReader(name: string | undefined): void {
  const names = targets.map(([{ name }]) => name);
  if (name === undefined || names.includes(name)) return;
  const [near] = nearest(name, names);
  throw new UsageError(
    `Unknown reader "${name}"${
      near ? `: did you mean "${near}"?` : `; known are ${names.join(", ")}`
    }`,
  );
}

/** Numbers of mutants, until there are enough or the time is up. */
function* counting(mutants: number, minutes: number): Generator<number> {
  const end = performance.now() + minutes * 60_000;
  for (let i = 0; i < mutants && performance.now() < end; i++) yield i;
}

/** What a kind of failure looks like, and how to see it again. */
function describe({ reader, count, ending }: Kind, seed: number, only: string | undefined): string {
  const { outcome, what = "", where = "", number } = ending;
  const again = `${commandName("fuzz")} --seed ${seed} --only ${number}` +
    (only === undefined ? "" : ` --reader ${JSON.stringify(only)}`);
  return [`${reader}: ${outcome}, ${count} times`, `  ${what} ${where}`, `  ${again}`].join("\n");
}

export default main;

if (import.meta.main) await runScript(main);
