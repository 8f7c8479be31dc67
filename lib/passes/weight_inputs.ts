/**
 * Inputs that hold weights, by operator. Other constants (a mask, a table that is added) can span
 * magnitudes that no common scale serves, and are hardly ever large.
 */
export const WEIGHT_INPUTS: ReadonlyMap<string, readonly number[]> = new Map(Object.entries({
  Conv: [1],
  ConvTranspose: [1],
  Gather: [0],
  Gemm: [0, 1],
  GRU: [1, 2],
  LSTM: [1, 2],
  MatMul: [0, 1],
  RNN: [1, 2],
}));
