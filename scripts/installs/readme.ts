import { UserError } from "../../lib/errors.ts";

/** The heading under which the README says what the library is. */
const HEADING = "## As a library";

/** The first example of the README's part on the library. */
export function libraryExample(readme: string): string {
  const at = readme.indexOf(`\n${HEADING}\n`);
  const code = /^```ts\n(.*?)^```$/ms.exec(at < 0 ? "" : readme.slice(at))?.[1];
  if (code === undefined) throw new UserError(`README.md has no example under "${HEADING}"`);
  return code;
}
