import { join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import type { Progress } from "../../lib/progress.ts";
import { run } from "../../lib/run.ts";
import { ghz } from "../clients/tools.ts";
import { go } from "../go.ts";
import type { Bed } from "./generator.ts";

const OHA = "1.16.0";
const VEGETA = "12.13.0";

/** Builds the other generators, once for each version. @throws UserError if one cannot be built */
export async function peerPrograms(progress: Progress): Promise<Omit<Bed["programs"], "server">> {
  return { ghz: await ghz(progress), oha: await oha(progress), vegeta: await vegeta(progress) };
}

async function oha(progress: Progress): Promise<string> {
  const dir = await cached("speed", `oha-${OHA}`, async (partial) => {
    progress.step(`Building oha ${OHA} from its crate`, 400);
    const fix = "see cargo's output above; Rust 1.87 or newer with cargo, cmake, and a registry of crates are needed";
    const target = join(partial, "target");
    // It uses the versions of crates in its authors' lock file.
    const args = ["install", "oha", "--version", OHA, "--locked", "--root", partial, "--target-dir", target];
    await run(["cargo", ...args], { what: `cargo install oha ${OHA}`, fix });
    await run(["rm", "-rf", target]);
    progress.done();
  });
  return join(dir, "bin", "oha");
}

async function vegeta(progress: Progress): Promise<string> {
  const dir = await cached("speed", `vegeta-${VEGETA}`, async (partial) => {
    progress.step(`Building vegeta ${VEGETA} from its Go module`, 60);
    await go(["install", `github.com/tsenart/vegeta/v12@v${VEGETA}`], { env: { ...process.env, GOBIN: partial } });
    progress.done();
  });
  return join(dir, "vegeta");
}
