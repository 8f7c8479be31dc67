import { commandName } from "../../lib/command_name.ts";
import { texts } from "./command.ts";

/** Layers of which all that was considered is told. */
export const WHY_OPTION = texts(
  "LAYER",
  "tell all forms that were considered for a layer, with time, noise and memory of each, and why it has " +
    "the one that it has; its name or module path, as in the plan; once for each layer",
);

/** What the columns are. */
export const WHY_NOTE =
  `ms: its kernel alone, as measured; whole: how much longer the model would take with that form, ` +
  "what brings values into it included. dB: the signal over the noise of that form alone, on one sample. " +
  "create, memory: estimates, of a session and of its heap.";

/** Where what was built is not what is written. */
export const WHY_NOT_TAKEN =
  "The layers are those of what was built, which is not what was written: see below.\n";

/** The same of a search, which measures noise at the outputs. */
export const SEARCH_WHY_NOTE =
  "ms: its kernels alone, as measured; whole: how much longer the model would take with that form, what " +
  "brings values into it included. dB: the signal over the noise that it brings to the worst output. create, " +
  "memory: estimates, of a session and of its heap.";

/** The same of a conversion, where nothing was weighed. */
export const QUANTIZE_WHY_NOTE =
  `ms: its kernel alone, as measured; whole: how much longer it would take with that form between float32 ` +
  `neighbours, changes of precision included. dB: the signal over the noise of that form alone, on one sample. ` +
  `create, memory: estimates, of a session and of its heap. What is written is int8 or float32 as the plan says: ` +
  `\`${commandName("optimize")}\` and \`${commandName("search")}\` choose among all of these.`;
