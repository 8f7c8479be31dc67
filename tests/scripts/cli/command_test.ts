import assert from "node:assert/strict";
import { UsageError } from "../../../lib/errors.ts";
import {
  flag,
  helpText,
  number,
  parseCommandLine,
  text,
  texts,
} from "../../../scripts/cli/command.ts";

const command = {
  name: "sweep",
  summary: "Measures configurations.",
  operands: { model: { placeholder: "model.onnx", help: "the network", optional: true } },
  options: {
    data: text("FILE", "samples"),
    maxDrop: number("POINTS", "largest drop of the metric", { min: 0 }),
    threads: number("N", "threads", { integer: true, min: 1, max: 8 }),
    quick: flag("fewer samples"),
  },
  examples: ["--quick"],
} as const;

const parse = (...args: string[]) => parseCommandLine(command, args);
const wrong = (message: RegExp, ...args: string[]) =>
  assert.throws(() => parse(...args), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, message);
    assert.match(error.message, /See: octavo sweep --help$/);
    return true;
  });

Deno.test("parseCommandLine() reads operands, texts, numbers and flags, in any order", () => {
  const { operands, options } = parse("--quick", "m.onnx", "--max-drop=0.5", "--data", "a.npz");
  assert.equal(operands.model, "m.onnx");
  const expected = { data: "a.npz", maxDrop: 0.5, threads: undefined, quick: true };
  assert.deepEqual(options, expected);
});

Deno.test("parseCommandLine() leaves what looks like a number a text", () => {
  assert.equal(parse("007").operands.model, "007");
  assert.equal(parse("--data", "1e3").options.data, "1e3");
});

Deno.test("parseCommandLine() takes what follows -- for an operand", () => {
  assert.equal(parse("--", "--quick").operands.model, "--quick");
});

Deno.test("parseCommandLine() names the nearest option for one it does not know", () => {
  wrong(/Unknown option --maxdrop: did you mean --max-drop\?/, "--maxdrop", "1");
  wrong(/Unknown option --no-quick: did you mean --quick\?/, "--no-quick");
  wrong(/Unknown option -x\n/, "-x");
  wrong(/Unknown option --__proto__\n/, "--__proto__=1");
});

Deno.test("parseCommandLine() wants the value of an option, in its range", () => {
  wrong(/--data needs a value: --data FILE/, "--data");
  wrong(/--data needs a value/, "--data", "--quick");
  wrong(/--data needs a value/, "--data=");
  wrong(/--max-drop needs a number of at least 0, got "-1"/, "--max-drop=-1");
  wrong(/--max-drop needs a number of at least 0, got "half"/, "--max-drop", "half");
  wrong(/--threads needs a whole number from 1 to 8, got "1.5"/, "--threads", "1.5");
  wrong(/--threads needs a whole number from 1 to 8, got "9"/, "--threads", "9");
  wrong(/--quick takes no value, got --quick=no/, "--quick=no");
});

Deno.test("parseCommandLine() refuses too many and too few operands", () => {
  wrong(
    /Unexpected "b": if a path has spaces, quote it; usage is octavo sweep \[model\.onnx\] \[options\]/,
    "a",
    "b",
  );
  const { operands } = command;
  const strict = { ...command, operands: { model: { ...operands.model, optional: false } } };
  assert.throws(() => parseCommandLine(strict, []), /Missing model\.onnx: the network/);
});

Deno.test("parseCommandLine() looks at nothing else when help is asked for", () => {
  assert.equal(parse("--help").help, helpText(command));
  assert.equal(parse("-h", "a", "b").help, helpText(command));
  assert.equal(parse("a").help, undefined);
});

Deno.test("parseCommandLine() answers the value help of an option that has more to say", () => {
  const metric = text("NAME", "which metric", () => "top-1 and others");
  const strict = { ...command.operands.model, optional: false };
  const line = { ...command, operands: { model: strict }, options: { metric } };
  assert.equal(parseCommandLine(line, ["--metric", "help"]).help, "top-1 and others");
  assert.equal(parseCommandLine(line, ["m", "--metric", "top-1"]).help, undefined);
});

Deno.test("parseCommandLine() takes a number below 0 for the value that it is", () => {
  wrong(/--max-drop needs a number of at least 0, got "-1"/, "--max-drop", "-1");
  const depth = { ...command, options: { depth: number("M", "depth") } };
  assert.equal(parseCommandLine(depth, ["--depth", "-1.5"]).options.depth, -1.5);
  wrong(/--max-drop needs a number of at least 0, without a unit, got "50%"/, "--max-drop", "50%");
  wrong(/--max-drop needs a number of at least 0, without a unit, got "30 dB"/, "--max-drop=30 dB");
});

Deno.test("parseCommandLine() takes none where no limit is one, and a text once more each time it is given", () => {
  const most = number("R", "largest ratio", { min: 0.01, none: true });
  const line = { ...command, options: { most, shape: texts("X=1,3", "shapes") } };
  const { options } = parseCommandLine(line, ["--most", "none", "--shape", "a=1", "--shape=b=2,3"]);
  assert.deepEqual(options, { most: Infinity, shape: ["a=1", "b=2,3"] });
  assert.deepEqual(parseCommandLine(line, []).options, { most: undefined, shape: undefined });
  const fails = (message: RegExp, ...args: string[]) =>
    assert.throws(() => parseCommandLine(line, args), message);
  fails(/--most needs a number of at least 0\.01, or none, got "any"/, "--most", "any");
  fails(/--shape needs a value: --shape X=1,3/, "--shape", "a=1", "--shape=");
  wrong(/--max-drop needs a number of at least 0, got "none"/, "--max-drop", "none");
});

Deno.test("helpText() lists every operand and option with its form", () => {
  assert.equal(
    helpText(command),
    [
      "Measures configurations.",
      "",
      "Usage: octavo sweep [model.onnx] [options]",
      "",
      "  model.onnx         the network",
      "  --data FILE        samples",
      "  --max-drop POINTS  largest drop of the metric",
      "  --threads N        threads",
      "  --quick            fewer samples",
      "  --help             show this text",
      "",
      "Examples:",
      "  octavo sweep --quick",
    ].join("\n"),
  );
});

Deno.test("parseCommandLine() gives all that follow to an operand that takes the rest", () => {
  const names = { placeholder: "name", help: "what to run", optional: true, rest: true } as const;
  const bench = { name: "bench", summary: "Measures.", operands: { names }, options: {} };
  assert.deepEqual(parseCommandLine(bench, ["a", "b"]).operands.names, ["a", "b"]);
  assert.deepEqual(parseCommandLine(bench, []).operands.names, []);
  assert.match(helpText(bench), /^Usage: octavo bench \[name\.\.\.\] \[options\]$/m);
});
