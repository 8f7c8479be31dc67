import assert from "node:assert/strict";
import { ISOLATION_HEADERS } from "../../lib/ship/web_runtime.ts";
import { inTempFolder } from "../temp_folder.ts";

const SERVER = new URL("../../lib/ship/page/serve.mjs", import.meta.url);

Deno.test("the page's server isolates what it serves, and gives nothing outside its folder", () =>
  inTempFolder(async (folder) => {
    const page = `${folder}/page`;
    await Deno.mkdir(page);
    await Deno.copyFile(SERVER, `${page}/serve.mjs`);
    await Deno.writeTextFile(`${page}/index.html`, "<p>here");
    await Deno.writeTextFile(`${folder}/secret`, "");
    await using server = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-net=127.0.0.1", `--allow-read=${folder}`, `${page}/serve.mjs`, "0"],
      stdout: "piped",
    }).spawn();
    const { value } = await server.stdout.getReader().read();
    const address = new TextDecoder().decode(value).trim();
    const response = await fetch(address);
    assert.equal(await response.text(), "<p>here");
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    for (const [name, header] of Object.entries(ISOLATION_HEADERS)) {
      assert.equal(response.headers.get(name), header);
    }
    for (const path of ["..%2fsecret", "%2e%2e/secret", "%", "gone"]) {
      const { status, body } = await fetch(address + path);
      assert.equal(status, 404, path);
      await body?.cancel();
    }
  }));
