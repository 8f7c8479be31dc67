import { judge } from "./judge.ts";
import { mutantOf } from "./mutant.ts";
import type { Outside } from "./target.ts";
import { targetOf } from "./targets.ts";

/** A process that reads mutants until it dies: one line in, with a number; lines of JSON out. */

/** Begins the lines that are ours; onnxruntime prints others. */
export const MARK = "\u0001";

const encoder = new TextEncoder();

function tell(value: unknown): void {
  Deno.stdout.writeSync(encoder.encode(`${MARK}${JSON.stringify(value)}\n`));
}

const outside: Outside = async (software, task) => {
  tell({ outside: software });
  try {
    return await task();
  } finally {
    tell({ outside: "" });
  }
};

const seeds = new Map<string, readonly Uint8Array[]>();

async function tryOut(number: number, seed: number, only: string | undefined): Promise<void> {
  const target = targetOf(number, only);
  if (!seeds.has(target.name)) seeds.set(target.name, await target.seeds());
  const mutant = mutantOf(target, seeds.get(target.name)!, { seed, number });
  tell({ begin: number });
  try {
    await target.read(mutant, outside);
    tell({ end: number, outcome: "fine" });
  } catch (error) {
    tell({ end: number, ...judge(error) });
    if (Deno.env.get("OCTAVO_DEBUG")) console.error(error);
    // Its memory is in an unknown state: the next mutants need another process.
    if ((error as { fatal?: boolean })?.fatal) Deno.exit(0);
  }
}

if (import.meta.main) {
  const [seed, only] = Deno.args;
  let rest = "";
  for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) await tryOut(Number(line), Number(seed), only || undefined);
  }
}
