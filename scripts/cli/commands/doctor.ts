import { UsageError, UserError } from "../../../lib/errors.ts";
import { flag, number, text, texts } from "../command.ts";
import { DATA_HELP, READING, TOKENIZER_OPTION } from "../data.ts";
import { diagnoseFile } from "../doctor/diagnose_file.ts";
import { examine } from "../doctor/examine.ts";
import { showFindings } from "../doctor/finding.ts";
import { KEPT_TIMES } from "../kept_times.ts";
import { RUNTIME_OPTIONS } from "../runtime_options.ts";
import { script } from "../shell.ts";

const command = {
  name: "doctor",
  summary:
    "Says what an ONNX file costs on onnxruntime-web's WASM kernels and why, int8 files of other tools " +
    "above all: each finding with what it takes here and now, and what mends it. With --out it writes a " +
    "file with the same integers that is faster or smaller, or nothing where there is none. Without a " +
    "file it looks whether all is there that the commands need, and ends with exit code 1 where " +
    "something needed is missing.",
  operands: {
    model: { placeholder: "model.onnx", help: "the file, int8 or float32", optional: true },
  },
  options: {
    out: text(
      "FILE",
      "mend it: write what is faster or smaller beyond doubt, if there is such a form",
    ),
    data: text(
      "PATH",
      `${DATA_HELP}; without, inputs are made up. With --out, layers may become int8 that are not`,
    ),
    tokenizer: TOKENIZER_OPTION,
    config: READING,
    shape: texts(
      "INPUT=1,3,224,224",
      "shape of an input to time with, without --data; once for each input that leaves dimensions open; " +
        "of texts, 128 tokens by default",
    ),
    threads: number("N", "threads of the runtime; 1 by default", {
      ...{ integer: true, min: 1, max: 64 },
    }),
    ...RUNTIME_OPTIONS,
    fresh: flag(`with --out: measure anew what was measured on this machine before; ${KEPT_TIMES}`),
    json: flag("print what was found as JSON"),
  },
  words: ["static", "dynamic", "QLinearConv, QGemm, ..."],
  examples: [
    "",
    "model_quantized.onnx",
    "model_quantized.onnx --out better.onnx",
    "model_quantized.onnx --data samples.npz --out better.onnx",
  ],
} as const;

const main = script(command, async ({ operands: { model }, options }, shell) => {
  if (model !== undefined) return await diagnoseFile(model, options, shell);
  const { json, ...ofFiles } = options;
  const given = Object.entries(ofFiles).find(([, value]) => [value].flat().some(Boolean));
  if (given) throw new UsageError(`--${given[0]} is of a file: name it, e.g. doctor model.onnx`);
  const findings = await examine();
  await shell.print(json ? JSON.stringify(findings, null, 2) : showFindings(findings));
  const wrong = findings.filter(({ state }) => state === "wrong");
  if (wrong.length > 0) {
    throw new UserError(`Needed and not right: ${wrong.map(({ name }) => name).join(", ")}`);
  }
});

export default main;
