import { expect, test } from "vitest";
import { composeEnv } from "./env.ts";

const parts = {
  base: { PATH: "/usr/bin:/bin" },
  pulumiFolder: "/cache/bin",
  nodeBin: "/lathe/node_modules/.bin",
  userHome: "/home/u/.pulumi",
  built: false,
};

test("the pinned node comes first on the PATH, then pulumi, then the user's own programs", () => {
  expect(composeEnv(parts)["PATH"]).toBe("/lathe/node_modules/.bin:/cache/bin:/usr/bin:/bin");
});

test("composing twice changes nothing: a command inside a command gets the same PATH", () => {
  const once = composeEnv({ ...parts, ownHome: "/cache/home" });
  expect(composeEnv({ ...parts, base: once, ownHome: "/cache/home" })).toEqual(once);
});

test("the user's Pulumi home and downloads stay as they are where all programs are the user's", () => {
  const env = composeEnv(parts);
  expect(env).not.toHaveProperty("PULUMI_HOME");
  expect(env).not.toHaveProperty("PULUMI_CREDENTIALS_PATH");
  expect(env).not.toHaveProperty("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION");
});

test("downloads are off where a program had to be built", () => {
  expect(composeEnv({ ...parts, built: true })["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"]).toBe("true");
});

test("with a home of Lathe's own the logins stay in the user's", () => {
  expect(composeEnv({ ...parts, ownHome: "/cache/home" })).toMatchObject({
    PULUMI_HOME: "/cache/home",
    PULUMI_CREDENTIALS_PATH: "/home/u/.pulumi",
  });
});

test("the engine's own logs stay few in a home of Lathe's own, as many as somebody wants where he says so", () => {
  const name = "PULUMI_LOG_ROTATION_MAX_TOTAL_MB";
  expect(composeEnv(parts)).not.toHaveProperty(name);
  expect(composeEnv({ ...parts, ownHome: "/cache/home" })).toMatchObject({ [name]: "10" });
  const base = { ...parts.base, [name]: "500" };
  expect(composeEnv({ ...parts, base, ownHome: "/cache/home" })).toMatchObject({ [name]: "500" });
});

test("a folder of logins that the user has chosen is kept", () => {
  const base = { ...parts.base, PULUMI_CREDENTIALS_PATH: "/secure" };
  expect(composeEnv({ ...parts, base, ownHome: "/cache/home" })["PULUMI_CREDENTIALS_PATH"]).toBe("/secure");
});
