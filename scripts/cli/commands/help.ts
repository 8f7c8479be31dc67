import { configReference, configSchema } from "../../../lib/config/config_reference.ts";
import { UsageError } from "../../../lib/errors.ts";
import { METRIC_OPTION } from "../metric_options.ts";
import { script } from "../shell.ts";

/** What there is to read, by name. */
const TOPICS: ReadonlyMap<string, { what: string; text: () => string }> = new Map([
  ["config", { what: "every key of a config, with its values and default", text: configReference }],
  ["metric", {
    what: "the metrics there are, and the form of your own",
    text: () => METRIC_OPTION.explain!(),
  }],
  ["schema", {
    what: "the same as a JSON schema, for editors",
    text: () => JSON.stringify(configSchema(), null, 2),
  }],
]);

const LIST = [...TOPICS].map(([name, { what }]) => `${name}, ${what}`).join("; ");

const command = {
  name: "help",
  summary: "Prints what a topic has to say. Every task has its own --help, too.",
  operands: { topic: { placeholder: "TOPIC", help: LIST } },
  options: {},
  examples: ["config"],
} as const;

const main = script(command, async ({ operands: { topic } }, { print }) => {
  const found = TOPICS.get(topic);
  if (!found) {
    throw new UsageError(
      `There is no topic "${topic}"; there are ${[...TOPICS.keys()].join(", ")}`,
    );
  }
  await print(found.text());
});

export default main;
