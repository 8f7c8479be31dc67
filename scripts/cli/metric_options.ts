import { METRIC_SIGNATURE } from "../../lib/evaluate/read_metric.ts";
import { METRICS } from "../../lib/evaluate/metrics.ts";
import { number, text } from "./command.ts";

/** Which metric, by name or file. */
export const METRIC_OPTION = text(
  "NAME",
  `${
    [...METRICS.keys()].join(", ")
  } (--metric help explains them); or a TypeScript module of your own, ` +
    `export default ${METRIC_SIGNATURE}. By default what suits the outputs`,
  metricHelp,
);

/** What is accepted, in the metric's unit. */
export const LIMIT_OPTIONS = {
  maxDrop: number(
    "D",
    "largest accepted drop of the metric, in its unit: points of top-1 or agreement (0.5 by default), dB " +
      "of SQNR",
    { min: 0 },
  ),
  atLeast: number(
    "V",
    "least accepted value of the metric, in its unit (per cent, dB), in place of --max-drop",
  ),
};

/** What a page waits for that opens a model for the first time. */
export const COLD_OPTIONS = {
  maxCreate: number(
    "R",
    "largest accepted ratio of the time to create a session to float32's, or none; 2 by default",
    { min: 0.01, none: true },
  ),
  maxHeap: number(
    "R",
    "largest accepted ratio of the WASM heap to float32's, or none; both hold the runtime's own 17 MB; 2 " +
      "by default",
    { min: 0.01, none: true },
  ),
  coldRounds: number(
    "N",
    "fresh workers per model in which it is measured what a page waits for, half a second each; 0 leaves " +
      "it out; 3 by default in studies (at least 6 for the winner), else 6",
    { integer: true, min: 0, max: 100 },
  ),
};

/** The metrics in a table: name, unit, direction, what they are, what they need. */
function metricHelp(): string {
  const rows = [...METRICS].map(([key, make]) => {
    const { unit, higherIsBetter, about = "", needs = "" } = make();
    return { key, unit, sense: higherIsBetter ? "higher" : "lower", about, needs };
  });
  const width = (pick: (row: typeof rows[number]) => string) =>
    Math.max(...rows.map((row) => pick(row).length));
  const [keys, units] = [width(({ key }) => key), width(({ unit }) => unit)];
  return [
    "The metrics that come with Octavo, with their unit and which values are better:",
    "",
    ...rows.flatMap(({ key, unit, sense, about, needs }) => [
      `  ${key.padEnd(keys)}  ${unit.padEnd(units)}  ${sense.padEnd(6)}  ${about}`,
      `  ${"".padEnd(keys + units + 12)}needs ${needs}`,
    ]),
    "",
    "Of a model that is int8 already, the file takes float32's place, or the network that --reference names.",
    "",
    "Limits are in the metric's unit: --at-least 99 of a metric in %, --at-least 30 of one in dB.",
    "",
    "Your own is a TypeScript module that is named in their place, --metric my_metric.ts:",
    "",
    `  export default ${METRIC_SIGNATURE};`,
    "",
    "It is called once for each sample, with the tensors of both networks by the names of their outputs,",
    "{ type, dims, data }; the value is the mean. With more to say it is an object: see Metric in the README.",
    "It runs in a worker that may compute and nothing else: no files, no network, no other programs. What it",
    "imports by name is loaded. A sample that takes it more than a minute ends the command.",
  ].join("\n");
}
