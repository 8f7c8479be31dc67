/** Where measured times of kernels are kept, for `--help`. */
export const KEPT_TIMES =
  "times of kernels are kept in octavo/costs-*.json of the user's cache folder (~/.cache, on a Mac " +
  "~/Library/Caches, on Windows %LOCALAPPDATA%)";
