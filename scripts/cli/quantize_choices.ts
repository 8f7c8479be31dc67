import { parseQuantizeConfig, type QuantizeConfig } from "../../lib/config/quantize_config.ts";
import { nearest, UsageError } from "../../lib/errors.ts";
import { type QConfigMapping, qconfigMapping } from "../../lib/quantize/mapping.ts";
import { defaultQConfigMapping, isPreset, PRESETS } from "../../lib/quantize/presets.ts";
import { staticInt8, weightOnly } from "../../lib/quantize/qconfig.ts";
import type { RulesPlace } from "./damage_note.ts";
import { readUserText } from "../../lib/user_file.ts";

/** Which int8 kernels `quantize` takes. */
const KERNELS = ["fast", "any"] as const;

/** What a command line says of what is to be quantized. */
export interface Choices {
  readonly dynamic: boolean;
  readonly preset?: string;
  readonly config?: string;
  readonly kernels?: string;
}

/** What is to become of the nodes: what a config or a preset says. */
export async function readConfig(choices: Choices): Promise<QuantizeConfig> {
  const { dynamic, preset, config, kernels } = choices;
  const written = config === undefined
    ? undefined
    : parseQuantizeConfig(await readUserText(config), config);
  const given = [
    ...dynamic ? ["--dynamic"] : [],
    ...preset === undefined ? [] : ["--preset"],
    ...written?.says ? ["--config"] : [],
  ];
  if (given.length > 1) {
    throw new UsageError(`${given.join(" and ")} say what to quantize; give one of them`);
  }
  if (preset !== undefined && !isPreset(preset)) {
    const [near] = nearest(preset, PRESETS);
    throw new UsageError(
      `Option --preset needs one of ${PRESETS.join(", ")}, got "${preset}"` +
        (near ? `: did you mean ${near}?` : ""),
    );
  }
  if (kernels !== undefined) requireKernels(kernels, choices, written);
  if (written?.says) return written;
  const mapping = kernels === "any"
    ? qconfigMapping({ default: staticInt8({ kernels: "any", otherwise: weightOnly() }) })
    : defaultQConfigMapping(preset);
  return { ...written, mapping, corrections: [], says: false };
}

/** Refuses kernels that there are not, and where another place says which. */
function requireKernels(
  kernels: string,
  { preset = "wasm", config }: Choices,
  written: QuantizeConfig | undefined,
): void {
  if (!KERNELS.some((name) => name === kernels)) {
    const [near] = nearest(kernels, KERNELS);
    throw new UsageError(
      `Option --kernels needs ${KERNELS.join(" or ")}, got "${kernels}"` +
        (near ? `: did you mean ${near}?` : ""),
    );
  }
  if (written?.says) {
    throw new UsageError(
      `${config} says which kernels: { "kind": "static", "kernels": "any" }; leave out --kernels`,
    );
  }
  if (preset !== "wasm") {
    throw new UsageError(
      `--kernels goes with the preset wasm: ${preset} takes any kernel that there is`,
    );
  }
}

/** Whether what is slower in int8 is put back: not where one has said what one wants. */
export function fallsBack(
  { preset = "wasm", kernels }: Choices,
  { says }: QuantizeConfig,
): boolean {
  return preset === "wasm" && !says && kernels !== "any";
}

/**
 * How rules are to be added that mend the result of a command line: all else stays as it says.
 *
 * @param mapping What it makes of the nodes, by which `--dynamic` is written as a config.
 */
export function placeOf(
  choices: Choices,
  { says }: Pick<QuantizeConfig, "says">,
  mapping: QConfigMapping,
): RulesPlace {
  const { dynamic, preset, config, kernels } = choices;
  if (says) return (rules) => `add to the rules of ${config}: ${rules}`;
  const flags = [
    ...dynamic ? ["--dynamic"] : [],
    ...preset === undefined ? [] : [`--preset ${preset}`],
    ...kernels === undefined ? [] : [`--kernels ${kernels}`],
  ].join(" and ");
  const keys = (rules: string) => keysWith(rules, choices, mapping);
  return config === undefined
    ? (rules) =>
      `write { ${keys(rules)} } to q.jsonc and give --config q.jsonc` +
      (flags && ` in the place of ${flags}`)
    : (rules) => `set ${keys(rules)} in ${config}` + (flags && ` and leave out ${flags}`);
}

/** Keys of a config that say the same as a command line, with more rules. */
function keysWith(
  rules: string,
  { dynamic, preset = "wasm", kernels }: Choices,
  mapping: QConfigMapping,
): string {
  if (dynamic) {
    const own = mapping.rules.flatMap(([selector, { kind }]) =>
      typeof selector === "object" && "op" in selector && kind === "dynamic"
        ? [`[{ "op": ${JSON.stringify(selector.op)} }, "dynamic"]`]
        : []
    );
    const all = [...own, rules].join(", ");
    return `"default": "weightOnly", "rules": [${all}], "onUnsupported": "float32"`;
  }
  const form = kernels === "any"
    ? '{ "kind": "static", "kernels": "any" }'
    : JSON.stringify(preset);
  return `"default": ${form}, "rules": [${rules}]`;
}
