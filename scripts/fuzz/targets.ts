import { configs } from "./configs.ts";
import { models } from "./models.ts";
import { samples } from "./samples.ts";
import { studies } from "./studies.ts";
import type { Target } from "./target.ts";
import { texts } from "./texts.ts";

/** Every reader, with its share of the mutants: models have most to go wrong. */
export const targets: readonly (readonly [target: Target, share: number])[] = [
  [models, 4],
  ...[...samples, ...texts, ...configs, ...studies].map((target) => [target, 1] as const),
];

/** The reader that a mutant of this number is for. */
export function targetOf(number: number, only?: string): Target {
  const named = only === undefined ? targets : targets.filter(([{ name }]) => name === only);
  const row = named.flatMap(([target, share]) => Array<Target>(share).fill(target));
  return row[number % row.length]!;
}
