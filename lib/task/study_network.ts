import { UserError } from "../errors.ts";
import { valueTypes } from "../onnx/graph.ts";
import type { Model } from "../onnx/model.ts";
import { takeNetwork, type TakenNetwork } from "../quantize/take_network.ts";
import type { GivenRecord } from "../record/given_record.ts";

/** What trials are made from and held against. */
export interface StudyNetwork extends TakenNetwork {
  /** What accuracy is against. */
  readonly reference: Model;
  /** What the record says of the model as given; absent of a float32 network. */
  readonly given?: GivenRecord;
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
  if (reference) requireReference(model, taken, reference);
  if (!taken.undone) return { ...taken, reference: model };
  const given: GivenRecord = {
    form: "int8",
    ...(reference && {
      reference: {
        name: reference.name,
        hash: await reference.hash(),
        bytes: reference.bytes().length,
      },
    }),
  };
  const own = reference ? [] : [OWN_NOTE];
  return {
    ...taken,
    ...{ given, reference: reference ?? model, notes: [...taken.notes, ...own] },
  };
}

const OWN_NOTE =
  "Accuracy is against the file's own outputs: a model that is closer to float32 than " +
  "the file counts as different too. With the float32 network at hand, --reference float32.onnx " +
  "measures against that.";

function requireReference(model: Model, { undone }: TakenNetwork, reference: Model): void {
  const refuse = (why: string): never => {
    throw new UserError(`Cannot take ${reference.name} as the reference of ${model.name}: ${why}`);
  };
  if (!undone) {
    refuse(`${model.name} is float32, and so the reference itself; leave out --reference`);
  }
  const { undone: int8, notes } = takeNetwork(reference);
  if (int8 || notes.length > 0) {
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
