import { parseQuantizeConfig, type QuantizeConfig } from "../lib/config/mapping_config.ts";
import { nearest, UsageError } from "../lib/errors.ts";
import { qconfigMapping } from "../lib/quantize/mapping.ts";
import { defaultQConfigMapping, type Preset } from "../lib/quantize/presets.ts";
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
export async function readConfig(
  { dynamic, preset, config, kernels }: Choices,
): Promise<QuantizeConfig> {
  const choices = [
    ...dynamic ? ["--dynamic"] : [],
    ...preset === undefined ? [] : ["--preset"],
    ...config === undefined ? [] : ["--config"],
  ];
  if (choices.length > 1) {
    throw new UsageError(`${choices.join(" and ")} say what to quantize; give one of them`);
  }
  if (kernels !== undefined && !KERNELS.some((name) => name === kernels)) {
    const [near] = nearest(kernels, KERNELS);
    throw new UsageError(
      `Option --kernels needs ${KERNELS.join(" or ")}, got "${kernels}"` +
        (near ? `: did you mean ${near}?` : ""),
    );
  }
  if (kernels !== undefined && (config ?? preset ?? "wasm") !== "wasm") {
    throw new UsageError(
      config === undefined
        ? `--kernels goes with the preset wasm; ${preset} takes any kernel that there is`
        : `--kernels is said in ${config}: { "kind": "static", "kernels": "any" }`,
    );
  }
  if (config !== undefined) return parseQuantizeConfig(await readText(config), config);
  const mapping = kernels === "any"
    ? qconfigMapping({ default: staticInt8({ kernels: "any", otherwise: weightOnly() }) })
    : defaultQConfigMapping(preset as Preset | undefined);
  return { mapping, corrections: [] };
}

/** Whether what is slower in int8 is put back: not where one has said what one wants. */
export function fallsBack({ preset = "wasm", config, kernels }: Choices): boolean {
  return preset === "wasm" && config === undefined && kernels !== "any";
}

/** Where rules are to be written that mend the result of a command line. */
export function placeOf({ dynamic, preset = "wasm", config, kernels }: Choices): RulesPlace {
  if (config !== undefined) return { file: config };
  const form = dynamic
    ? '"weightOnly"'
    : kernels === "any"
    ? '{ "kind": "static", "kernels": "any" }'
    : JSON.stringify(preset);
  return { config: `{ "default": ${form}, "rules": [RULES] }` };
}
