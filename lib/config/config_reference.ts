import { z } from "zod";
import { quantizeConfig } from "./mapping_config.ts";
import { sharedConfig } from "./shared_config.ts";
import { sweepConfig } from "./sweep_config.ts";

/** The part of JSON Schema that zod makes of our schemas. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema | false;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" }) as Schema;

/** Keys of a schema, those of all commands apart. */
function ownKeys(schema: z.ZodType): [key: string, Schema][] {
  return Object.entries(schemaOf(schema).properties!)
    .filter(([key]) => !Object.hasOwn(sharedConfig.shape, key));
}

/**
 * JSON Schema of a config, for editors: the keys of every command's form. A key that two forms have may
 * be as either wants it.
 */
export function configSchema(): Record<string, unknown> {
  const properties: Record<string, Schema> = {
    ...schemaOf(sharedConfig).properties,
  };
  for (const [key, schema] of [...ownKeys(sweepConfig), ...ownKeys(quantizeConfig)]) {
    const other = Object.hasOwn(properties, key) ? properties[key] : undefined;
    properties[key] = other ? { anyOf: [other, schema] } : schema;
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Config of Octavo",
    type: "object",
    properties,
    additionalProperties: false,
  };
}

/**
 * Every key that a config may have, with its values, what it is for and its default, as text.
 *
 * @example
 * ```ts
 * import { configReference } from "./config_reference.ts";
 * import assert from "node:assert/strict";
 * assert.match(configReference(), /\n  seed: a whole number of at least 0\n/);
 * ```
 */
export function configReference(): string {
  const shared = Object.entries(schemaOf(sharedConfig).properties!);
  const [one, many] = [ownKeys(quantizeConfig), ownKeys(sweepConfig)];
  const told = new Set([...one, ...many].map(([key]) => key));
  const section = (title: string, keys: readonly [string, Schema][]) => [
    title,
    ...keys.flatMap(([key, schema]) => keyLines(key, schema, "  ", told)),
    "",
  ];
  return [
    "A config is a file of JSON with comments, given as --config. Every key is optional.",
    "",
    ...section("For all commands that read samples:", shared),
    ...section("For quantize and ablate, what becomes of the nodes:", one),
    ...section("For sweep, what is measured:", many),
  ].join("\n").trimEnd();
}

/** @param told Keys that are listed anyway: an object of these alone is not spread out. */
function keyLines(
  key: string,
  schema: Schema,
  indent: string,
  told: ReadonlySet<string>,
): string[] {
  const byDefault = schema.default === undefined
    ? ""
    : `Default: ${JSON.stringify(schema.default)}.`;
  const about = [schema.description, byDefault].filter(Boolean).join(". ");
  const inner = objectsIn(schema).filter(({ properties }) =>
    Object.keys(properties!).some((key) => !told.has(key))
  );
  return [
    `${indent}${key}: ${valueText(schema)}`,
    ...(about ? [`${indent}    ${about}`] : []),
    ...inner.flatMap(({ properties }) =>
      Object.entries(properties!)
        .filter(([key]) => !told.has(key))
        .flatMap(([key, schema]) => keyLines(key, schema, `${indent}    `, told))
    ),
  ];
}

/** Objects with keys of their own that a value may be or hold. */
function objectsIn(
  { properties, additionalProperties, anyOf, items, prefixItems, ...rest }: Schema,
): Schema[] {
  const inner = [additionalProperties, ...anyOf ?? [], items, ...prefixItems ?? []];
  return [
    ...(properties ? [{ ...rest, properties }] : []),
    ...inner.flatMap((one) => one ? objectsIn(one) : []),
  ];
}

/** What a value may be, in words. */
function valueText(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(valueText).join(", or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.prefixItems) return `[${schema.prefixItems.map(valueText).join("; ")}]`;
  switch (schema.type) {
    case "array":
      return `a list, each ${schema.items ? valueText(schema.items) : "a value"}`;
    case "object":
      return schema.properties
        ? `{ ${Object.keys(schema.properties).join(", ")} }`
        : `{ NAME: ${
          schema.additionalProperties ? valueText(schema.additionalProperties) : "..."
        } }`;
    case "integer":
      return `a whole number${rangeText(schema)}`;
    case "number":
      return `a number${rangeText(schema)}`;
    case "boolean":
      return "true or false";
    default:
      return "a text";
  }
}

function rangeText({ minimum, maximum, exclusiveMinimum }: Schema): string {
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}, at most ${maximum}`;
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  if (least !== undefined) return ` of at least ${least}`;
  return most === undefined ? "" : ` of at most ${most}`;
}
