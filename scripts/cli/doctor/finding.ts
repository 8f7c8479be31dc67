/** What was looked at, and what was found. */
export interface Finding {
  readonly name: string;
  /** Whether it is right; works, but could be better; or keeps the commands from their work. */
  readonly state: "ok" | "note" | "wrong";
  /** What there is, in a few words. */
  readonly found: string;
  /** What to do about it; absent where it is right. */
  readonly help?: string;
}

/** Findings as lines: state, name, what was found, and what to do about it. */
export function showFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings.map(({ name, state, found, help }) => {
    const line = `${state.padEnd(5)}  ${name.padEnd(width)}  ${found}`;
    return help === undefined ? line : `${line}\n${" ".repeat(9 + width)}${help}`;
  }).join("\n");
}
