import { UserError } from "../errors.ts";
import { checkFunctionBody, checkNetwork } from "./check_names.ts";
import { checkTurns } from "./check_turns.ts";
import type { ModelProto } from "./onnx_pb.ts";

/**
 * Checks what a file says of its network against itself, so that what works on it may rely on names
 * that are made once, and on attributes that are of their kind. What only some operator refuses is left
 * to the runtime.
 *
 * @param name What messages call the model.
 * @throws {UserError} If something does not hang together: the message names it.
 */
export function checkModel({ opsetImport, graph, functions }: ModelProto, name: string): void {
  const refuse = (found: string): never => {
    throw new UserError(
      `Cannot read ${name} as an ONNX model: ${found}; the file is damaged, or its exporter has a ` +
        `fault: export it again`,
    );
  };
  for (const { domain, version } of opsetImport) {
    if (version < 1n) {
      refuse(`it says that it uses opset ${version}${domain && ` of ${domain}`}; there is none`);
    }
  }
  if (graph) {
    checkNetwork(graph, refuse);
    checkTurns(graph, refuse);
  }
  for (const body of functions) {
    checkFunctionBody(body, (found) => refuse(`${found} (in function "${body.name}")`));
  }
}
