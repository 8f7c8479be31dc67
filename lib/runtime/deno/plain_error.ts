import { UserError } from "../../errors.ts";
import { RuntimeError } from "../runtime_errors.ts";
import type { PlainError } from "./protocol.ts";

/** Packs an error for the way to another thread, which would lose its class. */
export function packError(error: unknown): PlainError {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  const plain = { message, model: "", fatal: false, ...(stack === undefined ? {} : { stack }) };
  if (error instanceof RuntimeError) {
    const { model, node, fatal } = error;
    return { ...plain, kind: "runtime", model, fatal, ...(node ? { node } : {}) };
  }
  if (error instanceof UserError) return { ...plain, kind: "user" };
  return { ...plain, kind: "other" };
}

/** Makes the error again that {@linkcode packError} packed. */
export function unpackError({ kind, message, model, node, fatal, stack }: PlainError): Error {
  switch (kind) {
    case "runtime":
      return new RuntimeError(message, model, { fatal, ...(node ? { node } : {}) });
    case "user":
      return new UserError(message);
    case "other":
      return Object.assign(new Error(message), stack === undefined ? {} : { stack });
  }
}
