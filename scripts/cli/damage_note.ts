import { commandName } from "../../lib/command_name.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { likeTheFirst } from "../../lib/data/first_samples.ts";
import { baselineWords } from "../../lib/record/given_record.ts";
import { decimal, plural } from "../../lib/report/format.ts";
import type { Runtime } from "../../lib/runtime/runtime.ts";
import { type Damage, DESTROYED, findDamage, MENDED } from "../../lib/task/find_damage.ts";
import type { Converted } from "../../lib/task/keep_speed.ts";
import type { Comparison } from "../../lib/task/run_compare.ts";
import type { Shell } from "./shell.ts";

/** Agreement below which a result is another, %. */
const FEW_AGREE = 50;

/** How rules are to be added to what a command line says already: given the rules, what to do. */
export type RulesPlace = (rules: string) => string;

/**
 * What is to be said first of a result that int8 destroyed: by how much, behind which node, and the rules
 * that mend it. Undefined of any other result.
 *
 * @param samples What it was compared on.
 * @param place Where the rules are to be written.
 */
export async function damageNote(
  comparison: Comparison,
  model: Converted,
  samples: Dataset,
  place: RulesPlace,
  { runtime, shell }: { runtime: Runtime; shell: Shell },
): Promise<string | undefined> {
  const measured = destroyedIn(comparison);
  if (!measured) return undefined;
  shell.progress.update("looking which layer does the damage");
  const feeds = await likeTheFirst(samples, model.float32.name);
  const damage = await findDamage(model, feeds, { runtime, signal: shell.signal });
  return `int8 destroys what ${comparison.float32.name} gives: ${measured}.` +
    ` ${damage ? adviceOf(damage, place) : noAdvice()}`;
}

function destroyedIn(
  { outputs, metric, given, candidate: { value } }: Comparison,
): string | undefined {
  const on = `on ${plural(value.n, "sample")}`;
  if (outputs && outputs.sqnr !== null && outputs.sqnr < DESTROYED) {
    return `SQNR ${decimal(outputs.sqnr, 1)} dB ${on} (at ${DESTROYED} dB a third is noise)`;
  }
  if (metric.name !== "agreement" || value.high >= FEW_AGREE) return undefined;
  return `it agrees with ${baselineWords({ given }).outputs} in ${decimal(value.value, 1)} % ${on}`;
}

const noAdvice = () =>
  `No single layer does it: \`${commandName("ablate")}\` measures each of them.`;

function adviceOf({ node, opType, before, after, rules, mended }: Damage, place: RulesPlace) {
  const from = before === undefined ? "" : `${decimal(before, 1)} dB before it, `;
  const where = `The error shows behind ${opType} "${node}": ${from}${decimal(after, 1)} dB after.`;
  if (rules.length === 0) return `${where} ${noAdvice()}`;
  const list = rules.map((name) => `[${JSON.stringify(name)}, "float32"]`).join(", ");
  const dB = `${decimal(mended, 1)} dB`;
  const becomes = mended >= MENDED ? `is mended (${dB})` : `becomes better, not good (${dB}),`;
  return `${where} It ${becomes} where ${
    rules.length === 1 ? "this node stays" : "these nodes stay"
  } float32: ${place(list)}.`;
}
