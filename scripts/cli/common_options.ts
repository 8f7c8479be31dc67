/** Options that most commands take, and that mean the same in all of them: for the help of all. */
export const COMMON_OPTIONS: ReadonlyMap<string, string> = new Map([
  ["--data PATH", "samples: .npz, a folder of pictures, a .wav, or texts"],
  ["--tokenizer PATH", "tokenizer.json, where the samples are texts"],
  ["--config FILE", "what no option says, as JSON with comments"],
  ["--out PATH", "the file or folder to write"],
  ["--metric NAME", "what accuracy is; help lists the metrics"],
  ["--calibration N", "samples to find ranges with"],
  ["--selection N", "samples to choose by and compare on"],
  ["--seed N", "seed of the shuffle by which samples are split"],
  ["--fresh", "measure again what is kept"],
  ["--json", "print the result as JSON"],
]);
