/**
 * Puts faults into the code, one at a time, and says which of them the tests notice. Run it by hand
 * after changes to what it names: `deno run -A tests/house/faults.ts [part of a file's name]`. It works
 * on a copy of the project, and exits with 1 if a fault goes unnoticed, or cannot be put in any more.
 */
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { absolutePath, readText } from "./tree.ts";

/** A mistake that somebody could make. */
interface Fault {
  /** What is wrong then. */
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once, */
  readonly from: string;
  /** and is replaced by this. */
  readonly to: string;
  /** The tests that are to notice. */
  readonly tests: string;
}

const SEARCH = "lib/strategy/search";
const search = { tests: "tests/strategy/search" };

const FAULTS: readonly Fault[] = [
  {
    ...search,
    what: "outcomes far from the budget weigh most in the scale",
    file: `${SEARCH}/next_trial.ts`,
    from: "1 / (0.1 + far) ** 2",
    to: "(0.1 + far) ** 2",
  },
  {
    ...search,
    what: "the lower limit is the least of what kept the budget",
    file: `${SEARCH}/next_trial.ts`,
    from: "this.#low = Math.max(this.#low, predicted);",
    to: "this.#low = Math.min(this.#low, predicted);",
  },
  {
    ...search,
    what: "swaps are chosen that lose",
    file: `${SEARCH}/next_trial.ts`,
    from: "gain: costOf(best) - costOf(proposal)",
    to: "gain: costOf(proposal) - costOf(best)",
  },
  {
    ...search,
    what: "reducing noise never finds anything",
    file: `${SEARCH}/next_trial.ts`,
    from: "return reduced && this.#ifNew(reduced, why);",
    to: "return undefined;",
  },
  {
    ...search,
    what: "the noise at the first output stands for that at all",
    file: `${SEARCH}/proposal.ts`,
    from: "rounding.get(tensor)?.noise[output] ?? 0",
    to: "rounding.get(tensor)?.noise[0] ?? 0",
  },
  {
    ...search,
    what: "the limit holds at the first output alone",
    file: `${SEARCH}/proposal.ts`,
    from: "return sensitivities.outputs.map(",
    to: "return sensitivities.outputs.slice(0, 1).map(",
  },
  {
    ...search,
    what: "shared weights count whole for each reader",
    file: `${SEARCH}/space.ts`,
    from: " / Math.max(1, readers)",
    to: "",
  },
  {
    ...search,
    what: "chosen observers are lost",
    file: `${SEARCH}/proposal.ts`,
    from: "observers: sorted(observers),",
    to: "observers: {},",
  },
  {
    ...search,
    what: "the observer with the most noise is chosen",
    file: `${SEARCH}/space.ts`,
    from: "largest(b[1]) < largest(a[1])",
    to: "largest(b[1]) > largest(a[1])",
  },
  {
    ...search,
    what: "size counts as a gain",
    file: `${SEARCH}/space.ts`,
    from: "worth.ms * choice.kernelMs + worth.byte * choice.bytes",
    to: "worth.ms * choice.kernelMs - worth.byte * choice.bytes",
  },
  {
    ...search,
    what: "each kernel of a layer brings the noise of all of it",
    file: `${SEARCH}/space.ts`,
    from: "noise / parts",
    to: "noise",
  },
  {
    ...search,
    what: "a result inside a layer brings all that rounding the layer's result does",
    file: `${SEARCH}/roundings.ts`,
    from: "{ of: result, share: Math.min(1, size(name) / Math.max(1, computed.get(layer)!)) }",
    to: "{ of: result, share: 1 }",
  },
  {
    ...search,
    what: "noise between two steps of the curve is taken from the wrong end",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "(most - a) / (b - a)",
    to: "(b - most) / (b - a)",
  },
  {
    ...search,
    what: "the drop between two steps of the curve is taken from the wrong end",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "drop[i - 1]! + share * (drop[i]! - drop[i - 1]!)",
    to: "drop[i]! - share * (drop[i]! - drop[i - 1]!)",
  },
  {
    ...search,
    what: "noise is as many times too large as the root of the number of values",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "Math.sqrt(power * signal / Math.max(1, values.length))",
    to: "Math.sqrt(power * signal)",
  },
  {
    ...search,
    what: "below the first step of the curve less noise costs more",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "drop[0]! * power / noise[0]!",
    to: "drop[0]! * noise[0]! / power",
  },
  {
    ...search,
    what: "the drop of a share is a hundred times too small",
    file: `${SEARCH}/noise_to_drop.ts`,
    from: "value: -mean }) * scoreScale(metric)",
    to: "value: -mean })",
  },
  {
    ...search,
    what: "bias correction is believed to remove ten times as much",
    file: `${SEARCH}/bias_retry.ts`,
    from: "10 ** 0.75",
    to: "10 ** 1.75",
  },
  {
    ...search,
    what: "biases are corrected twice",
    file: `${SEARCH}/bias_retry.ts`,
    from: "corrections.length > 0 || ",
    to: "",
  },
  {
    ...search,
    what: "bias correction is tried as often as anything misses the budget",
    file: `${SEARCH}/search_strategy.ts`,
    from: "this.#retries >= MOST_RETRIES || ",
    to: "",
  },
  {
    ...search,
    what: "float16 weights are tried in any case",
    file: `${SEARCH}/search_strategy.ts`,
    from: "this.#isKept() ? undefined : this.#first.shift()",
    to: "this.#first.shift()",
  },
  {
    ...search,
    what: "what is slower than the best is tried again with bias correction",
    file: `${SEARCH}/search_strategy.ts`,
    from: "trial.latency.ratio.value < best.latency.ratio.low",
    to: "trial.latency.ratio.value > best.latency.ratio.low",
  },
  {
    ...search,
    what: "a layer is said to add the noise of all",
    file: `${SEARCH}/explain.ts`,
    from: "largest(noise) - noiseWithout",
    to: "largest(noise)",
  },
  {
    what: "only observers that are not worth it are tried",
    file: "lib/calibrate/worth_trying.ts",
    from: "quantizationError(statistics, range).total <= most",
    to: "quantizationError(statistics, range).total > most",
    tests: "tests/calibrate/worth_trying_test.ts",
  },
];

/** Tests that take longer have come into an endless loop, which is noticed too. */
const MOST_MS = 300_000;

/** Runs tests in the copy of the project. */
async function pass(folder: string, tests: string): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--fail-fast", "--quiet", tests],
    cwd: folder,
    stdout: "null",
    stderr: "null",
    env: { OCTAVO_SHARED: Deno.env.get("OCTAVO_SHARED") ?? absolutePath("../shared") },
    signal: AbortSignal.timeout(MOST_MS),
  }).output();
  return success;
}

/** @returns What came of the fault; undefined if it was noticed. */
async function complaint(folder: string, { file, from, to, tests }: Fault) {
  const text = await readText(file);
  const times = text.split(from).length - 1;
  if (times !== 1) return `its text stands ${times} times in ${file}, and not once`;
  const path = join(folder, file);
  await Deno.writeTextFile(path, text.replace(from, () => to));
  try {
    return await pass(folder, tests) ? "NOT NOTICED" : undefined;
  } finally {
    await Deno.writeTextFile(path, text);
  }
}

async function main(folder: string, [part = ""]: readonly string[]): Promise<number> {
  for (const path of ["lib", "tests", "mod.ts", "deno.json", "deno.lock"]) {
    await cp(absolutePath(path), join(folder, path), { recursive: true });
  }
  const faults = FAULTS.filter(({ file }) => file.includes(part));
  for (const tests of new Set(faults.map(({ tests }) => tests))) {
    if (await pass(folder, tests)) continue;
    console.log(`${tests} fails without any fault: repair that first`);
    return 1;
  }
  let unnoticed = 0;
  for (const fault of faults) {
    const found = await complaint(folder, fault);
    if (found) unnoticed++;
    console.log(`${found ?? "noticed"}: ${fault.what} (${fault.file})`);
  }
  console.log(`${faults.length - unnoticed} of ${faults.length} faults noticed`);
  return unnoticed > 0 ? 1 : 0;
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  const remove = () => Deno.removeSync(folder, { recursive: true });
  Deno.addSignalListener("SIGINT", () => {
    remove();
    Deno.exit(130);
  });
  let code = 1;
  try {
    code = await main(folder, Deno.args);
  } finally {
    remove();
  }
  Deno.exit(code);
}
