import { UserError } from "../errors.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { givenOf, takeNetwork, type TakenNetwork } from "../quantize/take_network.ts";
import type { GivenRecord } from "../record/given_record.ts";

/** What trials are made from and held against. */
export interface StudyNetwork extends TakenNetwork {
  /** What accuracy is against. */
  readonly reference: Model;
}

/**
 * Reads the model of a study, and settles what accuracy is against: its own outputs, or those of a float32
 * network that was given beside a file that is int8 already.
 *
 * @throws {UserError} If nothing of an int8 file can be read as float32; or the reference is int8 too, has
 * other inputs or outputs, or stands beside a model that is float32 itself.
 */
export async function studyNetwork(
  model: Model,
  reference: Model | undefined,
): Promise<StudyNetwork> {
  const taken = takeNetwork(model);
  const beside = await withReference(model, taken.given, reference);
  if (!taken.given) return { ...taken, reference: model };
  const about = [...taken.given.about, reference ? referenceNote(reference) : OWN_NOTE];
  return {
    ...taken,
    given: { ...taken.given, ...beside, about },
    ...{ reference: reference ?? model, notes: about },
  };
}

/**
 * What a model is, where it is int8 already, beside the float32 network that its outputs are compared with.
 *
 * @throws {UserError} If the reference is int8 too, has other inputs or outputs, or stands beside a model that
 * is float32 itself.
 */
export async function givenBeside(
  model: Model,
  reference: Model | undefined,
): Promise<GivenRecord | undefined> {
  return await withReference(model, givenOf(model), reference);
}

async function withReference(
  model: Model,
  given: GivenRecord | undefined,
  reference: Model | undefined,
): Promise<GivenRecord | undefined> {
  if (!reference) return given;
  requireReference(model, given, reference);
  const { name } = reference;
  return {
    ...given!,
    reference: { name, hash: await reference.hash(), bytes: reference.bytes().length },
  };
}

const OWN_NOTE =
  "All is compared with the file itself: with its time, its size and its outputs, so that a model closer " +
  "to float32 than the file counts as different too. Where the float32 network that it was made from is " +
  "at hand, start from that, or compare outputs with it: --reference float32.onnx.";

function referenceNote({ name }: Model): string {
  return `Times and sizes are compared with the file's, outputs with those of ${name}, a float32 network.`;
}

function requireReference(
  model: Model,
  given: GivenRecord | undefined,
  reference: Model,
): void {
  const refuse = (why: string): never => {
    throw new UserError(`Cannot take ${reference.name} as the reference of ${model.name}: ${why}`);
  };
  if (!given) {
    refuse(`${model.name} is float32, and so the reference itself; leave out --reference`);
  }
  if (givenOf(reference)) {
    refuse("it is int8 too; give the float32 network, or leave out --reference");
  }
  const [own, other] = [valueTypes(model.graph), valueTypes(reference.graph)];
  for (const side of ["inputs", "outputs"] as const) {
    const difference = differenceOf(own[side], other[side]);
    if (difference) refuse(`its ${side} are others: ${difference}`);
  }
}

type Values = ReturnType<typeof valueTypes>["inputs"];

/** What tells two lists of inputs or outputs apart, the model's first; undefined if nothing does. */
function differenceOf(own: Values, other: Values): string | undefined {
  const names = (values: Values) => values.map(({ name }) => `"${name}"`).join(", ") || "none";
  const found = new Map(other.map((value) => [value.name, value]));
  if (own.length !== other.length || own.some(({ name }) => !found.has(name))) {
    return `${names(other)}, where the file has ${names(own)}`;
  }
  for (const value of own) {
    const [mine, theirs] = [value, found.get(value.name)!].map(typeText) as [string, string];
    if (!isSameType(value, found.get(value.name)!)) {
      return `"${value.name}" is ${theirs}, where the file has ${mine}`;
    }
  }
  return undefined;
}

/** Dimensions that one of the two leaves open fit. */
function isSameType(a: Values[number], b: Values[number]): boolean {
  if (a.type !== b.type) return false;
  if (!a.dims || !b.dims) return true;
  return a.dims.length === b.dims.length && a.dims.every((length, i) => {
    const other = b.dims![i];
    return typeof length !== "number" || typeof other !== "number" || length === other;
  });
}

/** `float32[1, 3, N]` */
function typeText({ type, dims }: Values[number]): string {
  return dims ? `${type}[${dims.map((length) => length ?? "?").join(", ")}]` : type;
}
