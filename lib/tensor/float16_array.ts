import { UserError } from "../errors.ts";

/** What stands in where an engine has no `Float16Array`: every use says so. */
export class MissingFloat16Array {
  static readonly BYTES_PER_ELEMENT = 2;

  constructor() {
    throw new UserError(
      "Cannot hold float16 numbers: this JavaScript engine has no Float16Array; take Deno, Node 24 or a " +
        "browser of 2025, or store the network in float32",
    );
  }

  static from(): never {
    throw new this();
  }

  static of(): never {
    throw new this();
  }
}

/** `Float16Array`, which Node has from version 24 on. */
export const Float16Elements: Float16ArrayConstructor = globalThis.Float16Array ??
  MissingFloat16Array;
