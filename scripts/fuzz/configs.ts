import { parseQuantizeConfig } from "../../lib/config/quantize_config.ts";
import { parseShared } from "../../lib/config/any_config.ts";
import { parseSweepConfig } from "../../lib/config/parse_sweep_config.ts";
import { productsOf } from "../../lib/config/sweep_config.ts";
import { mutateWritten } from "./mutate_text.ts";
import type { Target } from "./target.ts";

const SWEEP = `{
  // what to measure
  "placements": ["mixed", "compact"],
  "observers": ["min-max", "percentile"], "percentiles": [99.9, 100],
  "calibrationSizes": [16, 64], "weights": ["per-channel"], "corrections": [["bias"]],
  "maxDrop": 0.5,
  "data": { "images": { "resize": [28, 28], "mean": [0.5, 0.4, 0.3], "std": 0.25 } }
}`;

const QUANTIZE = `{
  "default": "static",
  "rules": [["fc", "float32"], [{ "op": "Gemm" }, "dynamic"]],
  "onUnsupported": "float32", /* all else */ "corrections": ["bias"],
  "data": { "wav": { "length": 512, "hop": 128, "sampleRate": 16000 } },
}`;

const config = (name: string, text: string, read: (text: string) => void): Target => ({
  name,
  seeds: () => Promise.resolve([new TextEncoder().encode(text)]),
  mutate: mutateWritten,
  read: (bytes) => Promise.resolve(read(new TextDecoder().decode(bytes))),
});

/** What people write down. */
export const configs: readonly Target[] = [
  config("sweep configs", SWEEP, (text) => void productsOf(parseSweepConfig(text, "mutant.jsonc"))),
  config("quantize configs", QUANTIZE, (text) => void parseQuantizeConfig(text, "mutant.jsonc")),
  config("reading configs", QUANTIZE, (text) => void parseShared(text, "mutant.jsonc")),
];
