import assert from "node:assert/strict";
import { formatByEnding, otherFormat } from "../lib/file_format.ts";

Deno.test("otherFormat() knows what people bring by its first bytes, and what would help", () => {
  const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const cases: [string, string | undefined, string | undefined][] = [
    [
      "PK\x03\x04",
      "it is a ZIP archive, as PyTorch's .pt files are; export it with torch.onnx.export",
      undefined,
    ],
    [
      "\x80\x02\x8a",
      "it is a Python pickle, as PyTorch writes them; export it with torch.onnx.export",
      "it is a Python pickle, as PyTorch writes them; save the arrays with numpy.savez",
    ],
    ["\x93NUMPY\x01", "it is numpy's; samples are given as --data", undefined],
    [
      "\xff\xd8\xff\xe0",
      "it is a picture; samples are given as --data",
      "it is a picture; give the folder it lies in",
    ],
    [
      "\x1c\0\0\0TFL3",
      "it is TensorFlow Lite's; convert it with tf2onnx",
      "it is TensorFlow Lite's; the model is named first, without --data",
    ],
    [
      "\n<html>",
      "it is an HTML page: the download gave a web page instead of the file",
      "it is an HTML page: the download gave a web page instead of the file",
    ],
    ["\b\x07\x12", undefined, undefined],
    ["", undefined, undefined],
  ];
  const zip = bytes("PK\x03\x04");
  assert.equal(otherFormat(zip, "model", "a.npz"), "it is numpy's; samples are given as --data");
  for (const [start, model, samples] of cases) {
    assert.equal(otherFormat(bytes(start), "model"), model);
    assert.equal(otherFormat(bytes(start), "samples"), samples);
  }
});

Deno.test("formatByEnding() goes by the name where the bytes tell nothing", () => {
  assert.equal(
    formatByEnding("a/Frozen.PB", "model"),
    ".pb says that it is TensorFlow's; convert it with tf2onnx",
  );
  assert.equal(
    formatByEnding("net.onnx", "samples"),
    ".onnx says that it is a model; the model is named first, without --data",
  );
  assert.equal(formatByEnding("net.onnx", "model"), undefined);
  assert.equal(formatByEnding("constructor", "model"), undefined);
});
