import { parseQuantizeConfig, type QuantizeConfig } from "../lib/config/quantize_config.ts";
import { nearest, UsageError } from "../lib/errors.ts";
import { qconfigMapping } from "../lib/quantize/mapping.ts";
import { defaultQConfigMapping, isPreset, PRESETS } from "../lib/quantize/presets.ts";
import { staticInt8, weightOnly } from "../lib/quantize/qconfig.ts";
import type { RulesPlace } from "./damage_note.ts";
import { readText } from "./read_text.ts";

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
    : parseQuantizeConfig(await readText(config), config);
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

/** Where rules are to be written that mend the result of a command line. */
export function placeOf(
  { dynamic, preset = "wasm", config, kernels }: Choices,
  { says }: QuantizeConfig,
): RulesPlace {
  if (says) return { file: config! };
  const form = dynamic
    ? '"weightOnly"'
    : kernels === "any"
    ? '{ "kind": "static", "kernels": "any" }'
    : JSON.stringify(preset);
  return { config: `{ "default": ${form}, "rules": [RULES] }` };
}
