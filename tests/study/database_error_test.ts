import assert from "node:assert/strict";
import { DatabaseError, toDatabaseError } from "../../lib/study/database_error.ts";

Deno.test("toDatabaseError() tells what is wrong, and advises to give up nothing that is whole", () => {
  const cases: [said: string, message: RegExp, advice: RegExp][] = [
    [
      "database disk image is malformed",
      /^it is damaged \(/,
      /^Start the study again with --fresh/,
    ],
    ["file is not a database", /^it is damaged \(/, /^Start the study again with --fresh/],
    ["Unexpected end of JSON input", /^it is damaged \(/, /^Start the study again with --fresh/],
    [
      "database or disk is full",
      /^the disk is full \(/,
      /^Free some space and run .*: what .* kept/,
    ],
    ["database is locked", /^another program holds it \(/, /^End that program and run the same/],
    [
      "attempt to write a readonly database",
      /^it cannot be written \(/,
      /^Make it writable, or name/,
    ],
    ["unable to open database file: s/study.db", /^it cannot be written \(/, /^Make it writable/],
    ["disk I/O error", /^the disk failed \(/, /^Look after the disk and run the same/],
  ];
  for (const [said, message, advice] of cases) {
    const error = toDatabaseError(new Error(said));
    assert(error instanceof DatabaseError);
    assert.match(error.message, message);
    assert.match(error.advice, advice);
    assert.equal(toDatabaseError(error), error);
  }
  const other = new TypeError("x is no function");
  assert.equal(toDatabaseError(other), other);
});
