import { debianBase } from "../lab/base.ts";
import { proxyImage } from "./lab/proxy-image.ts";
import { kindImage } from "../lab/kind-images.ts";
import type { Progress } from "../lib/progress.ts";
import { prepareModel } from "../models/index.ts";
import { pythonEnv } from "../models/python.ts";
import { ensureToolchain } from "../toolchain/index.ts";
import { needChromium } from "./browser/chromium.ts";

/** Something slow that tests need: made once, before the first test, so that no test's time-out has to wait for it. */
export interface Preparation {
  /** The stages that need it. */
  readonly stages: readonly ("wire" | "browser" | "lab" | "kinds")[];
  run(progress: Progress): Promise<unknown>;
}

/** Models small enough for tests; the largest one is for the demo. */
export const TEST_MODELS = ["null", "ssd-mobilenet", "ssdlite-mobilenet"] as const;

export const PREPARATIONS: readonly Preparation[] = [
  { stages: ["browser"], run: needChromium },
  { stages: ["wire", "lab", "kinds"], run: pythonEnv },
  {
    stages: ["wire", "lab", "kinds"],
    run: async (progress) => {
      for (const model of TEST_MODELS) await prepareModel(model, progress);
    },
  },
  { stages: ["lab", "kinds"], run: ensureToolchain },
  { stages: ["lab", "kinds"], run: (progress) => debianBase(progress) },
  { stages: ["lab", "kinds"], run: (progress) => kindImage("tf-serving", progress) },
  { stages: ["lab"], run: proxyImage },
];
