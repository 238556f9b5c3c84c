import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pipVariables } from "../../lib/registry/pypi.ts";
import { packagesFor } from "./needs.ts";
import { aptNetworkConfig, fetchEnvironment, machineCodename, machineSources } from "./settings.ts";

describe("apt's settings for a chroot", () => {
  const dump = `APT::Architecture "amd64";
Acquire "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::Verify-Peer "true";
Acquire::https::CaInfo "/home/me/ca.crt";
Acquire::Check-Valid-Until "false";
Acquire::IndexTargets::deb::Packages::MetaKey "x";
Dir::Cache "/somewhere";
`;

  test("are those of the network, with the CA bundle at its place in the chroot", () => {
    expect(aptNetworkConfig(dump, "/run/ca.crt").split("\n").filter(Boolean)).toEqual([
      'Acquire::http::Proxy "http://proxy.example:3128";',
      'Acquire::https::Verify-Peer "true";',
      'Acquire::Check-Valid-Until "false";',
      'Acquire::https::CaInfo "/run/ca.crt";',
    ]);
    expect(aptNetworkConfig("")).toBe("");
  });
});

describe("the environment for a chroot", () => {
  test("has the proxies and pip's settings, a variable before a file, and nothing else of the machine", () => {
    const env = {
      https_proxy: "http://p:1",
      NO_PROXY: "x",
      PIP_TIMEOUT: "9",
      PIP_CERT: "/home/me/ca",
      SECRET: "s",
      PATH: "/p",
    };
    const pip =
      ":env:.timeout='9'\nglobal.index-url='https://pip.example/simple'\nglobal.timeout='5'\nglobal.extra-index-url='\\nhttps://a\\nhttps://b'\n";
    expect(fetchEnvironment(env, pipVariables(env, pip), "/run/ca.crt")).toEqual({
      https_proxy: "http://p:1",
      NO_PROXY: "x",
      PIP_TIMEOUT: "9",
      PIP_INDEX_URL: "https://pip.example/simple",
      PIP_EXTRA_INDEX_URL: "https://a https://b",
      PIP_CERT: "/run/ca.crt",
      REQUESTS_CA_BUNDLE: "/run/ca.crt",
      SSL_CERT_FILE: "/run/ca.crt",
      CURL_CA_BUNDLE: "/run/ca.crt",
    });
    expect(fetchEnvironment({}, pipVariables({}, ""))).toEqual({});
  });
});

describe("the machine's own release", () => {
  test("is read from both kinds of file, and a list of mirrors by its first", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sources-"));
    try {
      await mkdir(join(folder, "sources.list.d"));
      await writeFile(
        join(folder, "mirrors"),
        "# ours\nhttp://first.example/debian\tpriority:1\nhttp://second.example/debian\n",
      );
      await writeFile(join(folder, "sources.list"), "deb http://old.example/debian bookworm main\n");
      const text = `Types: deb\nURIs: mirror+file://${folder}/mirrors\nSuites: bookworm\nComponents: main\n`;
      await writeFile(join(folder, "sources.list.d/debian.sources"), text);
      await writeFile(join(folder, "sources.list.d/off.sources.disabled"), text);
      const uris = (await machineSources(folder)).flatMap((s) => s.uris);
      expect(uris).toEqual(["http://old.example/debian", "http://first.example/debian"]);
      await writeFile(join(folder, "os-release"), 'NAME="Fedora Linux"\nVERSION_ID=40\n');
      await expect(machineCodename(join(folder, "os-release"))).rejects.toThrow(/names no Debian or Ubuntu release/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("packages are named once for all the programs that they carry", () => {
    expect(packagesFor(["tc", "ip", "debootstrap", "ssh-keygen"])).toEqual([
      "debootstrap",
      "iproute2",
      "openssh-client",
    ]);
  });
});
