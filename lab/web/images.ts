import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { requirementsFile } from "../../models/python.ts";
import type { ImageSource } from "../images.ts";
import type { KindImage } from "../kind-image.ts";
import { ownLayer } from "../layers/own.ts";
import { selectRequirements } from "../layers/requirements.ts";
import { RUNTIME_ENV, tensorflowLayers } from "../tensorflow/layers.ts";

/* The Dockerfile here makes the same image on a machine with Docker and the Internet; a test holds the two together. */

/** The parser that the setting `parser` chooses beside Python's own. */
export const PARSER = "pysimdjson";

/** Lathe's app. */
export const APP = join(import.meta.dirname, "lathe_web");

/** How the image starts. */
export const config: ImageSource["config"] = {
  entrypoint: ["/usr/bin/python3", "-m", "lathe_web"],
  env: RUNTIME_ENV,
  exposedPorts: ["8000/tcp"],
};

/** A framework with its server, as it is: TensorFlow's layers, the framework's wheels, and Lathe's app. */
const webImage = (kind: string): KindImage => ({
  kind,
  async make(progress) {
    const own = await readFile(join(import.meta.dirname, "requirements", `${kind}.txt`), "utf8");
    const requirements = own + selectRequirements(await readFile(requirementsFile, "utf8"), [PARSER]);
    const below = await tensorflowLayers(progress, { name: kind, requirements });
    return { layers: [...below, await ownLayer(below, { name: "web", packages: [APP], folders: ["models"] })], config };
  },
});

/** Images of the server kinds that serve plain REST. */
export const webImages: readonly KindImage[] = ["flask", "django", "fastapi"].map(webImage);
