import { UsageError } from "../../lib/errors.ts";
import { latencyRatio } from "../../lib/evaluate/latency.ts";
import type { Latency } from "../../lib/record/trial_record.ts";
import { openRuntime } from "../../lib/runtime/open_runtime.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import type { Bench, FactRow } from "./bench.ts";
import { bitsOf, KNOWN_BITS } from "./facts/bits.ts";
import { boundsOf, type FactModels, factModels, type KernelFact } from "./facts/fact.ts";
import { KERNEL_FACTS } from "./facts/kernel_facts.ts";

/** Turns of both models of a fact. */
const ROUNDS = 9;

/** Whether the rules about kernels that the code relies on still hold, in any release and binary. */
export const facts: Bench = {
  name: "facts",
  summary: "every rule about the speed of kernels that Octavo relies on, by a small model beside " +
    "another, in the runtime of --runtime and --binary; ends with 1 where one does not hold " +
    "($OCTAVO_FACTS: names of rules)",
  takesRuntime: true,
  async *run(signal, options = {}) {
    const fresh = () => openRuntime({ ...options, workers: 1 });
    await using here = openRuntime({ workers: 0 });
    await using runtime = fresh();
    for (const fact of askedFacts()) {
      yield await measure(fact, await factModels(fact, here), { runtime, fresh, signal });
    }
  },
};

function askedFacts(): readonly KernelFact[] {
  const names = Deno.env.get("OCTAVO_FACTS")?.split(",");
  if (!names) return KERNEL_FACTS;
  return names.map((name) => {
    const fact = KERNEL_FACTS.find((fact) => fact.name === name);
    if (fact) return fact;
    const known = KERNEL_FACTS.map(({ name }) => name).join(", ");
    throw new UsageError(`Unknown rule "${name}" in $OCTAVO_FACTS; there are: ${known}`);
  });
}

/** Where facts are measured. */
interface Place {
  readonly runtime: Runtime;
  /** Makes another such runtime. */
  readonly fresh: () => Runtime;
  readonly signal: AbortSignal;
}

/** Both times of a fact; taken once more in a fresh worker where it seems not to hold, as chance may have it so. */
async function measure(
  fact: KernelFact,
  models: FactModels,
  { runtime, fresh, signal }: Place,
): Promise<FactRow> {
  let latency = await compare(models, runtime, signal);
  if (!holds(fact, latency)) {
    await using other = fresh();
    latency = await compare(models, other, signal);
  }
  const { name, rule, reliedOnBy } = fact;
  const bits = await bitsOf(models, runtime);
  return {
    ...{ what: name, against: rule, latency, expected: boundsOf(fact), reliedOnBy },
    holds: holds(fact, latency),
    hasKnownBits: bits.join() === KNOWN_BITS[name]?.join(),
  };
}

async function compare(
  { base, other, feeds }: FactModels,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<Latency> {
  return latencyRatio(await runtime.times([base, other], [feeds], { rounds: ROUNDS, signal }));
}

/** Whether the ratio may be one of those that are expected. */
function holds(fact: KernelFact, { ratio }: Latency): boolean {
  const { low, high } = boundsOf(fact);
  return ratio.low <= high && ratio.high >= low;
}
