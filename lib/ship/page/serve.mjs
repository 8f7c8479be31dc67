// Serves this folder to this machine, with the headers that give a page threads:
//   node serve.mjs [port]
//   deno run --allow-net=127.0.0.1 --allow-read=. serve.mjs [port]
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Makes the page cross-origin isolated; any server will do that sends these. */
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cache-Control": "no-cache",
};

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm", // browsers compile it while it comes, if it is called so
};

const server = createServer(async ({ url }, response) => {
  try {
    const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
    const file = normalize(path.endsWith("/") ? `${path}index.html` : path); // nothing above FOLDER
    const body = await readFile(join(FOLDER, file));
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { ...HEADERS, "Content-Type": type }).end(body);
  } catch {
    response.writeHead(404, HEADERS).end("There is no such file\n");
  }
});

const [port = "8000"] = process.argv.slice(2);
server.on("error", ({ code, message }) => {
  console.error(code === "EADDRINUSE" ? `Port ${port} is taken: node serve.mjs 8001` : message);
  process.exit(1);
});
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://localhost:${server.address().port}/`);
});
