import { posix } from "node:path";
import { and } from "../../lib/words.ts";
import { CONTROLLERS, switchOn, withoutController } from "../hosts/controllers.ts";
import { proxyContainer } from "../access/plan.ts";
import { STACK } from "../config/places.ts";
import { note, ok, stop, type Check } from "./connection.ts";
import type { Findings } from "./findings.ts";
import { mountOf, type Examination } from "./parse.ts";

/*
 * Whether a host fits what is to be deployed there: its processor the image, its Docker and its file system the workspace; and which
 * servers stand there already.
 */

/** `uname -m` as Docker names architectures. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  ...{ x86_64: "amd64", aarch64: "arm64", armv7l: "arm", armv6l: "arm", i686: "386", i386: "386" },
};

const ANOTHER = `${STACK.set("image", "NAME@sha256:…")} for an image that fits (npx lathe doctor --image NAME looks at one), or deploy elsewhere`;

/** The processor, against the builds of the image. */
export function processor(f: Findings): Check {
  const { facts, kind, examination, image } = f;
  const arch = examination.engineArch ?? ARCHITECTURES[facts.arch] ?? facts.arch;
  const asKernel = ARCHITECTURES[facts.arch] ?? facts.arch;
  const found = arch === asKernel ? arch : `${arch} (its engine; the kernel is ${asKernel})`;
  const { flags = [], architectures = [] } = kind.imageNeeds ?? {};
  if (image !== undefined) {
    if (!image.there.ok)
      return note("processor", `${found}; nothing is known of ${image.reference}: ${image.there.said}`);
    const builds = image.there.image.platforms;
    const own = builds.filter((platform) => platform === `linux/${arch}`);
    if (builds.length > 0 && own.length === 0)
      return stop(
        "processor",
        `${found}, and image ${image.reference} has builds for ${builds.join(", ")} only`,
        ANOTHER,
      );
  } else if (architectures.length > 0 && !architectures.includes(arch)) {
    const only = architectures.map((a) => `linux/${a}`).join(", ");
    return stop("processor", `${found}, and image ${kind.defaultImage} has builds for ${only} only`, ANOTHER);
  }
  // Another architecture's processors have nothing of that name.
  const missing = architectures.includes(arch) ? flags.filter((flag) => examination.flags?.has(flag) === false) : [];
  if (missing.length === 0) return ok("processor", found);
  const without = `${found} without ${missing.map((flag) => flag.toUpperCase()).join(", ")}`;
  return image === undefined
    ? stop(
        "processor",
        `${without}, which image ${kind.defaultImage} needs: its server would end with exit code 132`,
        ANOTHER,
      )
    : note("processor", `${without}: a server that needs it ends with exit code 132`, ANOTHER);
}

/** Which limits containers can have. */
export function limits({ facts: { docker } }: Findings): Check {
  const lacks = docker.lacks ?? [];
  if (lacks.length === 0)
    return ok("limits", `containers can have limits (cgroup controllers ${CONTROLLERS.join(", ")})`);
  const found = lacks.map(
    (name) => `its engine cannot use the cgroup controller ${name}: a container ${withoutController(name)}`,
  );
  return note("limits", found.join("; "), lacks.map(switchOn).join("; "));
}

/** Docker's snap may see what is below a home, but not what is hidden there. */
const SNAP_ROOT = /^\/var\/snap\//;

/** The folder for models and agents. */
export function workspace({ home, workspace: folder, examination }: Findings): Check {
  const path = posix.isAbsolute(folder) ? folder : posix.join(home, folder);
  const below = path.startsWith(`${home}/`) ? path.slice(home.length + 1) : undefined;
  const set = (example: string) => STACK.set("workspace", example);
  if (SNAP_ROOT.test(examination.dockerRoot) && (below === undefined || below.startsWith(".")))
    return stop(
      "workspace",
      `${path}, and Docker is a snap there: it sees nothing outside of ${home}, and no folder there whose name begins with a dot`,
      `${set("lathe/STACK")}; or the distribution's Docker in place of the snap: sudo snap remove docker && sudo apt-get install docker.io`,
    );
  const mount = mountOf(examination.mounts, path);
  if (mount === undefined) return ok("workspace", path);
  const where = `${path}, on the file system at ${mount.path}`;
  if (mount.options.includes("ro"))
    return stop(
      "workspace",
      `${where}, which can only be read`,
      `${set("/FOLDER")} on another one, or: sudo mount -o remount,rw ${mount.path}`,
    );
  if (mount.options.includes("noexec"))
    return note(
      "workspace",
      `${where}, which is mounted noexec: a server works there, but no program of the bench can start, so this machine can make no calls`,
      `${set("/FOLDER")} on another one, or: sudo mount -o remount,exec ${mount.path}`,
    );
  return ok("workspace", path);
}

/** Most servers that are named. */
const NAMED = 5;

/** Servers of Lathe's that run there; nothing where there are none. */
export function servers({ containers }: Examination): Check[] {
  const proxies = containers.map(({ name }) => proxyContainer(name));
  const own = containers.filter(({ name, owner }) => owner !== "" && !proxies.includes(name));
  if (own.length === 0) return [];
  const more = own.length > NAMED ? [`${own.length - NAMED} more`] : [];
  const named = own.slice(0, NAMED).map(({ name, owner }) => `${name} (stack ${owner})`);
  return [
    note(
      "servers",
      `${and([...named, ...more])} ${own.length === 1 ? "runs" : "run"} there`,
      "measure their stacks together (npx lathe bench --stack A,B): of other stacks, servers are neither measured nor frozen",
    ),
  ];
}
