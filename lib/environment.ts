import { isPermitted } from "./permitted.ts";

/** A variable of the environment; undefined also where it may not be read, or there is no Deno. */
export function environment(name: string): string | undefined {
  try {
    return isPermitted({ name: "env", variable: name }) ? Deno.env.get(name) : undefined;
  } catch {
    return undefined;
  }
}
