import assert from "node:assert/strict";
import { configReference, configSchema } from "../../lib/config/config_reference.ts";
import { quantizeConfig } from "../../lib/config/mapping_config.ts";
import { sweepConfig } from "../../lib/config/sweep_config.ts";
import committed from "../../lib/config/config.schema.json" with { type: "json" };
import { run } from "../scripts/cli/spawn.ts";

const KEYS = Object.keys({ ...sweepConfig.shape, ...quantizeConfig.shape });

Deno.test("configReference() says of every key what it takes, what for, and its default", () => {
  const lines = configReference().split("\n");
  for (const key of [...KEYS, "resize", "sampleRate", "kind", "op"]) {
    const at = lines.findIndex((line) => line.trimStart().startsWith(`${key}: `));
    assert.ok(at >= 0, key);
    const indent = (line = "") => line.length - line.trimStart().length;
    assert.equal(indent(lines[at + 1]), indent(lines[at]) + 4, `${key} is explained`);
  }
  const text = lines.join("\n");
  assert.match(
    text,
    /\n {2}percentile: a number above 50, at most 100\n.*in per cent\. Default: 99\.99\.\n/,
  );
  assert.match(text, /\n {2}mappings: \{ NAME: \{ default, rules, onUnsupported \} \}\n/);
  assert.match(
    text,
    /\n {2}default: "float32", "static", .*\n.*Default: "wasm"\.\n {6}kind: "float32"/,
  );
  assert.doesNotMatch(text, /undefined|9007199254740991/);
});

Deno.test("the schema for editors is that of the configs: write it with deno task help schema", () => {
  assert.deepEqual(committed, JSON.parse(JSON.stringify(configSchema())));
  const { properties, additionalProperties } = configSchema();
  assert.deepEqual(Object.keys(properties as object).sort(), KEYS.sort());
  assert.equal(additionalProperties, false);
});

Deno.test("help prints a topic, and names those there are", async () => {
  assert.equal((await run("help", "config")).stdout, `${configReference()}\n`);
  assert.equal((await run("sweep", "--config", "help")).stdout, `${configReference()}\n`);
  assert.match((await run("help", "metric")).stdout, /^The metrics that come with Octavo/);
  assert.deepEqual(JSON.parse((await run("help", "schema")).stdout), committed);
  const { code, stderr } = await run("help", "konfig");
  assert.deepEqual([code, stderr], [
    2,
    'help: There is no topic "konfig"; there are config, metric, schema\n',
  ]);
});
