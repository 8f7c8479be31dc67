import { fileURLToPath } from "node:url";
import type { Progress } from "../cli/progress.ts";
import type { Feeds } from "../../lib/tensor/tensor.ts";
import type { Model } from "../../lib/onnx/model.ts";
import { makePackage, tarballOf } from "../pack/package.ts";
import { readProject } from "../pack/read_project.ts";
import { Place } from "./place.ts";
import { smallNetwork, smallSamples, writeSamples } from "./samples.ts";

/** The package in a folder of its own, with a network and samples beside it. */
export interface Installation {
  readonly place: Place;
  /** Name of the package's file in it. */
  readonly tarball: string;
  readonly version: string;
  /** `model.onnx`, a small one. */
  readonly model: Model;
  /** Those of `samples.npz`. */
  readonly samples: readonly Feeds[];
  /** The project's README. */
  readonly readme: string;
}

/** Few, so that a search is over soon; enough for each part of a split. */
const SAMPLES = 120;

/** Makes the package and installs it, as a user does, beside a network and samples. */
export async function makeInstallation(folder: string, progress: Progress): Promise<Installation> {
  progress.update("making the package");
  const { project, files } = await readProject(fileURLToPath(new URL("../..", import.meta.url)));
  const packed = await makePackage(project, files);
  const { name, version } = packed.manifest;
  const tarball = `${name}-${version}.tgz`;
  const place = new Place(folder);
  await Deno.writeFile(place.path(tarball), await tarballOf(packed));
  progress.update("npm install");
  await place.run("npm", "install", tarball);
  const [model, samples] = [smallNetwork(), smallSamples(SAMPLES)];
  await model.save(place.path("model.onnx"));
  await writeSamples(place.path("samples.npz"), samples);
  const readme = new TextDecoder().decode(files.get("README.md"));
  return { place, tarball, version, model, samples, readme };
}
