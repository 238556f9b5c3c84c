import { cp, glob, mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { ImageSource } from "../images.ts";
import type { KindImage } from "../kind-image.ts";
import { packagesLayer } from "../layers/debian.ts";
import { ownLayer } from "../layers/own.ts";
import { pythonOf, wheelsLayer } from "../layers/wheels.ts";
import { RUNTIME_ENV, tensorflowLayers } from "../tensorflow/layers.ts";

const here = (name: string) => join(import.meta.dirname, name);

/** How the image starts: what to start is in the container's arguments, as for NVIDIA's image. */
const config: ImageSource["config"] = {
  env: { ...RUNTIME_ENV, PATH: "/opt/tritonserver/bin:/usr/local/bin:/usr/bin:/bin" },
  exposedPorts: ["8000/tcp", "8001/tcp", "8002/tcp"],
};

/**
 * Triton itself, from a wheel that has it, over TensorFlow's layers. Its backend `tensorflow` is Lathe's: the wheel has none but the
 * Python backend.
 */
export const tritonImage: KindImage = {
  kind: "triton",
  note: "Triton's own TensorFlow backend is not in this image: models run in TensorFlow's session behind Triton's Python backend.",
  async make(progress) {
    const runtime = await tensorflowLayers(progress);
    // The backend's processes need Debian's Python as a library.
    const version = await pythonOf((runtime[0] as { dir: string }).dir);
    const python = [...runtime, await packagesLayer(runtime, [`libpython${version}`], progress)];
    const requirements = await readFile(here("requirements.txt"), "utf8");
    const wheels = { name: "triton", requirements, folder: "opt", trim: trimmer(version), trimmed: `2 for ${version}` };
    const below = [...python, await wheelsLayer(python, wheels, progress)];
    const files = { "opt/tritonserver/backends/tensorflow/model.py": here("tensorflow/model.py") };
    return { layers: [...below, await ownLayer(below, { name: "triton", files, folders: ["models"] })], config };
  },
};

/** Leaves of the wheel the server, its libraries beside it as they find each other, and what runs models in one version of Python. */
function trimmer(version: string) {
  return async (folder: string): Promise<void> => {
    const server = join(folder, "pytriton/tritonserver");
    // Where NVIDIA's image has it. The libraries are found from where it lies.
    await symlink("pytriton/tritonserver", join(folder, "tritonserver"));
    const backend = join(server, "backends/python");
    await cp(join(server, "python_backend_stubs", version, STUB), join(backend, STUB));
    const drop = [join(server, "python_backend_stubs"), join(server, "caches")];
    for await (const path of glob(["*", "pytriton/*"], { cwd: folder }))
      if (!KEPT.includes(path)) drop.push(join(folder, path));
    // Of the Python that the wheel was made with: nothing that is left needs it.
    for await (const path of glob("libpython*", { cwd: join(folder, LIBRARIES) }))
      drop.push(join(folder, LIBRARIES, path));
    for (const path of drop) await rm(path, { recursive: true, force: true });
    await mkdir(join(server, "backends/tensorflow"), { recursive: true });
  };
}

const STUB = "triton_python_backend_stub";
const LIBRARIES = "nvidia_pytriton.libs";
const KEPT = [LIBRARIES, "pytriton", "pytriton/tritonserver", "tritonserver"];
