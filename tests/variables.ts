/** Runs a test with variables of the environment set, or, where undefined, not set. */
export function withVariables(
  variables: Readonly<Record<string, string | undefined>>,
  test: () => void,
): void {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  for (const [name, value] of Object.entries(variables)) set(name, value);
  try {
    test();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}
