import { UserError } from "../../errors.ts";
import { elementCount, numericArrays, type Tensor, type ValueType } from "../../tensor/tensor.ts";
import { inputText } from "../shapes.ts";
import type { Encoded, TextTokenizer } from "./tokenizer.ts";

/**
 * What an input is told of a text: `ids`, its tokens; `mask`, 1 for each of them and 0 for places that hold
 * none; `types`, 1 for those of a second text; `positions`, counted from 0; `lengths`, how many there are;
 * `past`, nothing yet, of length 0.
 * @category Samples (advanced)
 */
export type TokenRole = "ids" | "mask" | "types" | "positions" | "lengths" | "past";

/** All roles, for configs and messages. */
export const TOKEN_ROLES: readonly TokenRole[] = [
  "ids",
  "mask",
  "types",
  "positions",
  "lengths",
  "past",
];

/** Names that exporters give to inputs. */
const NAMES: readonly (readonly [RegExp, TokenRole])[] = [
  [/^(encoder_)?(input_ids|token_ids|tokens|ids)$/i, "ids"],
  [/^(encoder_)?(attention_mask|input_mask|mask)$/i, "mask"],
  [/^(token_type_ids|type_ids|segment_ids)$/i, "types"],
  [/^(position_ids|positions)$/i, "positions"],
  [/^(\w+_)?lengths?$/i, "lengths"],
  [/^past(_|\.)/i, "past"],
];

/** What an input is told of a text, as far as its name says so. */
export function tokenRole(name: string): TokenRole | undefined {
  return NAMES.find(([names]) => names.test(name))?.[1];
}

/** An input with what it is told. */
export interface TokenInput {
  readonly input: ValueType;
  readonly role: TokenRole;
}

/**
 * What each input of a network is told of a text, by its name; of a network with one input, the tokens.
 *
 * @param asked Roles of inputs whose names do not tell.
 * @throws {UserError} If that is not known of an input, or there is none for the tokens.
 */
export function tokenInputs(
  inputs: readonly ValueType[],
  asked: Readonly<Record<string, TokenRole>>,
  name: string,
): TokenInput[] {
  const stranger = Object.keys(asked).find((key) => !inputs.some((input) => input.name === key));
  if (stranger !== undefined) throw noSuchInput(stranger, inputs);
  const found = inputs.map((input) => ({
    input,
    role: asked[input.name] ?? tokenRole(input.name) ??
      (inputs.length === 1 ? "ids" as const : undefined),
  }));
  const unknown = found.filter(({ role }) => role === undefined).map(({ input }) => input);
  const hasIds = found.some(({ role }) => role === "ids");
  if (unknown.length === 0 && hasIds) return found as TokenInput[];
  const what = unknown.length > 0
    ? `it is not known what ${
      unknown.map((input) => `"${input.name}" (${inputText(input)})`).join(", ")
    } of the network take${unknown.length === 1 ? "s" : ""} of a text`
    : `no input of the network takes its tokens (${
      inputs.map((input) => `"${input.name}"`).join(", ")
    })`;
  const example = (unknown[0] ?? inputs[0])?.name ?? "input";
  throw new UserError(
    `Cannot use ${name}: ${what}; say so in a config, ` +
      `{ "data": { "text": { "inputs": { "${example}": "${
        hasIds ? "mask" : "ids"
      }" } } } }: one of ` +
      `${TOKEN_ROLES.join(", ")}`,
  );
}

function noSuchInput(name: string, inputs: readonly ValueType[]): UserError {
  return new UserError(
    `"${name}" is said to take a part of a text, but is no input of the network, which has ` +
      inputs.map((input) => `"${input.name}"`).join(", "),
  );
}

/** The number of tokens that a network takes, where its file fixes it. */
export function fixedLength(inputs: readonly TokenInput[]): number | undefined {
  const length = inputs.find(({ role }) => role === "ids")?.input.dims?.at(-1);
  return typeof length === "number" ? length : undefined;
}

/**
 * What an input is fed for a text: with a batch of one, unless it has a single axis.
 *
 * @param length Places that it fills; more than tokens are padded.
 */
export function tokenTensor(
  { input, role }: TokenInput,
  { ids, types }: Encoded,
  length: number,
  { padId, padsLeft }: Pick<TextTokenizer, "padId" | "padsLeft">,
): Tensor {
  if (role === "past") return emptyPast(input);
  const { dims } = input;
  if (role === "lengths") return int64(Array<number>(dims?.length ?? 1).fill(1), [ids.length]);
  const none = Array<number>(length - ids.length);
  const padded = (values: readonly number[], pad: number) =>
    padsLeft ? [...none.fill(pad), ...values] : [...values, ...none.fill(pad)];
  const values = {
    ids: () => padded(ids, padId),
    mask: () => padded(ids.map(() => 1), 0),
    types: () => padded(types, 0),
    positions: () => padded([...ids.keys()], 0),
  }[role]();
  return int64(dims?.length === 1 ? [length] : [1, length], values);
}

/** No step yet: a batch of one, and 0 wherever the file leaves another length open. */
function emptyPast({ name, type, dims = [] }: ValueType): Tensor {
  const shape = dims.map((dim, axis) => typeof dim === "number" ? dim : axis === 0 ? 1 : 0);
  if (type === "string" || elementCount(shape) > 0) {
    throw new UserError(
      `Cannot feed "${name}" (${
        inputText({ name, type, dims })
      }) as a past that is empty: none of its ` +
        "lengths is open; bring samples that hold it (.npz)",
    );
  }
  return { type, dims: shape, data: new numericArrays[type](0) } as Tensor;
}

function int64(dims: readonly number[], values: readonly number[]): Tensor<"int64"> {
  return { type: "int64", dims, data: BigInt64Array.from(values, BigInt) };
}
