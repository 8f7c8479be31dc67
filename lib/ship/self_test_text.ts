import source from "./self_test.js" with { type: "text" };

/** Name of the file beside a canary that tests pages with it. */
export const SELF_TEST_FILE = "self_test.js";

/** The module itself, for pages: without the line that tells Deno where its types are. */
export const SELF_TEST: string = source.replace(/^\/\/ @ts-self-types.*\n/, "");
