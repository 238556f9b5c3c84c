import { glob, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Progress } from "../../lib/progress.ts";
import { installPackages } from "../base.ts";
import type { ImageSource } from "../images.ts";
import type { KindImage } from "../kind-image.ts";
import type { Layer } from "../layers/layer.ts";
import { layerOver } from "../layers/over.ts";
import { ownLayer } from "../layers/own.ts";
import { wheelsLayer } from "../layers/wheels.ts";
import { pythonLayer } from "../tensorflow/layers.ts";

/** Changed with PACKAGES and LEFT_OUT, so that older layers in the cache are not taken. */
const RECIPE = 2;

/** OpenBLAS with threads of its own: 3.5 times as fast as the reference BLAS that Debian's torch would get. */
const PACKAGES: readonly string[] = [
  ...["python3-torch", "python3-torchvision", "libopenblas0-pthread", "openjdk-17-jre-headless"],
  ...["python3-packaging", "python3-pil", "python3-psutil", "python3-yaml"],
];

/**
 * What serving never touches of what these packages bring (a third of it): drivers of graphics cards and what compiles for them, which
 * come with OpenCV; tests; symbolic mathematics.
 */
const LEFT_OUT: readonly string[] = [
  ...["dri", "libLLVM*", "libz3*", "mfx", "libmfxhw64*", "libmfx-tracer*"].map(
    (name) => `usr/lib/x86_64-linux-gnu/${name}`,
  ),
  ...["torch/bin/*[tT]est*", "torch/bin/tutorial*", "numpy/*/tests", "sympy", "mpmath", "hypothesis"].map(
    (name) => `usr/lib/python3/dist-packages/${name}`,
  ),
  ...["doc/*", "man/*", "locale/*", "info/*", "fonts", "gdal", "gdcm-3.0", "libwacom", "mime", "proj", "X11"].map(
    (name) => `usr/share/${name}`,
  ),
  ...["usr/lib/libtorch-test", "var/lib/apt/lists/*", "var/cache/apt/*", "var/log/*"],
];

const here = (name: string) => join(import.meta.dirname, name);

const config: ImageSource["config"] = {
  entrypoint: ["/usr/bin/dockerd-entrypoint.sh"],
  cmd: ["serve"],
  // An OpenMP thread that waits sleeps at once: spinning starves the neighbours that a lab has.
  env: { LANG: "C.UTF-8", OMP_WAIT_POLICY: "passive" },
  exposedPorts: ["7070/tcp", "7071/tcp", "8080/tcp", "8081/tcp", "8082/tcp"],
};

/** The real TorchServe 0.12.0 over Debian's own PyTorch. */
export const torchServeImage: KindImage = {
  kind: "torchserve",
  note: "TorchServe's maintenance has ended with 0.12.0; here it runs Debian's PyTorch, which is older than that of the project's own image.",
  async make(progress) {
    const torch = await torchLayers(progress);
    const requirements = await readFile(here("requirements.txt"), "utf8");
    const below = [...torch, await wheelsLayer(torch, { name: "torchserve", requirements }, progress)];
    const own = await ownLayer(below, {
      name: "torchserve-programs",
      programs: [here("dockerd-entrypoint.sh"), here("torchserve")],
      folders: ["models"],
    });
    return { layers: [...below, own], config };
  },
};

/** Debian's Python, and over it PyTorch, Java and what TorchServe's Python half imports. */
async function torchLayers(progress: Progress): Promise<readonly Layer[]> {
  const python = await pythonLayer(progress);
  const make = async (root: string) => {
    progress.step("Debian's PyTorch and Java for TorchServe's image", 120);
    await installPackages(root, PACKAGES, progress);
    for await (const path of glob([...LEFT_OUT], { cwd: root })) await rm(join(root, path), { recursive: true });
    progress.done();
  };
  return [python, await layerOver([python], `torch-${RECIPE}`, make, progress)];
}
