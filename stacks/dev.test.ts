import { expect, test } from "vitest";
import { readConfig } from "../infra/config/read.ts";
import { resolveConfig } from "../infra/config/resolve.ts";
import { UserError, type Fault } from "../lib/errors.ts";
import { toldApart } from "./dev.ts";

/** Three roles with one config, as the stack `dev` has them. */
const machines = (config: Record<string, string>) =>
  ["client", "cloud", "edge"].map((role) => ({
    ...resolveConfig({
      ...{ project: "lathe", stack: "dev", local: true, roleDefaults: null },
      ...{ catalogue: ["null"], servers: ["tf-serving"] },
      config: readConfig({ "lathe:models": "null", ...config }),
    }),
    role,
  }));
const faultsOf = (config: Record<string, string>): readonly Fault[] => {
  try {
    toldApart(machines(config));
  } catch (error) {
    if (error instanceof UserError) return error.faults;
    throw error;
  }
  return [];
};

test("roles on one machine have ports, containers and folders of their own", () => {
  expect(toldApart(machines({})).map((m) => [m.grpcPort, m.restPort, m.container, m.workspace])).toEqual([
    [8500, 8501, "tf-serving-client", ".lathe/lathe-dev-client"],
    [8510, 8511, "tf-serving-cloud", ".lathe/lathe-dev-cloud"],
    [8520, 8521, "tf-serving-edge", ".lathe/lathe-dev-edge"],
  ]);
  expect(faultsOf({ "lathe:grpcPort": "65515", "lathe:restPort": "65514" })).toEqual([]);
});

test("ports that run into each other are a fault that names whose, before any resource exists", () => {
  expect(faultsOf({ "lathe:restPort": "8510" })).toEqual([
    {
      what:
        "lathe:restPort: 8510 would be the REST port of client and the gRPC port of cloud, " +
        "8520 would be the REST port of cloud and the gRPC port of edge",
      expected:
        "a port each; the stack dev gives each role ports 10 above those of the one before (client, cloud, edge)",
      fix: "pulumi config set lathe:restPort 8501",
    },
  ]);
  expect(faultsOf({ "lathe:grpcPort": "8520", "lathe:restPort": "8500" }).map((f) => f.what)).toEqual([
    "lathe:restPort: 8520 would be the gRPC port of client and the REST port of edge",
  ]);
  // Nobody has a REST port that is off.
  expect(faultsOf({ "lathe:restPort": "8510", "lathe:rest": "off" })).toEqual([]);
});

test("ports above the last that there is are a fault of their key, and all faults are shown at once", () => {
  expect(faultsOf({ "lathe:grpcPort": "65520", "lathe:restPort": "65530" }).map((f) => f.what)).toEqual([
    "lathe:grpcPort: 65540 would be the gRPC port of edge",
    "lathe:restPort: 65540 would be the REST port of cloud, 65550 would be the REST port of edge",
    "lathe:restPort: 65530 would be the REST port of client and the gRPC port of cloud, " +
      "65540 would be the REST port of cloud and the gRPC port of edge",
  ]);
});
