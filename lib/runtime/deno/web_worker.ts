/**
 * The web's Worker, kept since the beginning: when onnxruntime-web starts, its glue code puts Node's
 * Worker into the global place, for the threads of its own that it makes then.
 */
export const WebWorker: typeof Worker = globalThis.Worker;
