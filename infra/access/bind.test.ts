import { expect, test } from "vitest";
import { planAccess } from "./plan.ts";
import { bindAddresses } from "./bind.ts";
import { accessConfig } from "../config/access.ts";
import { parseLogin, type HostLogin } from "../hosts/login.ts";

const login: HostLogin = {
  uid: 1000,
  gid: 1000,
  reachedAt: "10.0.0.5",
  addresses: ["10.0.0.5", "192.0.2.7", "2001:db8::7"],
  published: {},
  boot: "b/1",
};
const endpoint = { api: "a", protocol: "grpc", port: 8500, containerPort: 8500 } as const;
const bind = (address: string, resolved: string[] = [], more: Partial<Parameters<typeof bindAddresses>[0]> = {}) =>
  bindAddresses({ expose: "address", address, resolved, login, ...more });

test("ports are bound to loopback and the one address that others use, not to every interface", () => {
  expect(bind("192.0.2.7")).toEqual(["127.0.0.1", "192.0.2.7"]);
  expect(bind("edge.example", ["192.0.2.7", "2001:db8::7"])).toEqual(["127.0.0.1", "192.0.2.7", "2001:db8::7"]);
});

test("behind NAT it is the address at which SSH arrives", () => {
  expect(bind("203.0.113.9")).toEqual(["127.0.0.1", "10.0.0.5"]);
  expect(bind("edge.example", ["203.0.113.9"])).toEqual(["127.0.0.1", "10.0.0.5"]);
});

test("a machine that is only its own client, and one reached by tunnel, have their ports on loopback alone", () => {
  expect(bind("127.0.0.1")).toEqual(["127.0.0.1"]);
  expect(bind("192.0.2.7", [], { expose: "tunnel" })).toEqual(["127.0.0.1"]);
  expect(bind("gateway", [], { login: { ...login, reachedAt: "127.0.0.1" } })).toEqual(["127.0.0.1"]);
});

test("a machine's own name for itself is refused where others are to use it", () => {
  expect(() => bind("desk", ["127.0.1.1"])).toThrow(
    /desk is 127\.0\.1\.1 here[\s\S]*lathe:address ADDRESS \(it has 10\.0\.0\.5, /,
  );
  expect(bind("localhost", ["127.0.0.1", "::1"])).toEqual(["127.0.0.1"]);
});

test("everywhere is every interface, in both families where the host has both", () => {
  expect(bind("x", [], { expose: "everywhere" })).toEqual(["0.0.0.0", "::"]);
  const v4 = { ...login, addresses: ["10.0.0.5"] };
  expect(bind("x", [], { expose: "everywhere", login: v4 })).toEqual(["0.0.0.0"]);
});

test("an address that the host does not have is a fault that names those it has", () => {
  expect(() => bind("203.0.113.9", [], { login: { ...login, reachedAt: null } })).toThrow(
    /203\.0\.113\.9 is none of the host's own[^]*10\.0\.0\.5, 192\.0\.2\.7[^]*lathe:expose everywhere/,
  );
});

test("a login is read from what the host printed, and is unknown where it printed nothing", () => {
  const ports =
    '{"8500/tcp":[{"HostIp":"10.0.0.5","HostPort":"8500"},{"HostIp":"127.0.0.1","HostPort":"8500"}],"8501/tcp":null}';
  const lines = ["id 1000 1001", "reached 192.0.2.1 50000 10.0.0.5 22", "addresses 10.0.0.5 fd00::1 ", "boot abc 12"];
  const text = [...lines, `published /server ${ports}`, ""].join("\n");
  expect(parseLogin(text)).toEqual({
    uid: 1000,
    gid: 1001,
    reachedAt: "10.0.0.5",
    addresses: ["10.0.0.5", "fd00::1"],
    published: { server: ["10.0.0.5", "127.0.0.1"] },
    boot: "abc/12",
  });
  expect(parseLogin("id 0 0\nreached \naddresses \nboot \n")).toMatchObject({ uid: 0, reachedAt: null, addresses: [] });
  expect(parseLogin("")).toBeUndefined();
});

test("addresses are asked for in the order in which Docker told them, so that the container stays the same", () => {
  const config = accessConfig({}, []);
  const plan = (told: string[]) =>
    planAccess({
      ...{ config, endpoints: [{ ...endpoint, security: "none" }] },
      address: "192.0.2.7",
      resolved: [],
      login: { ...login, published: { c: told } },
      container: "c",
      allowed: [],
      owner: "lathe/edge",
      engine: "28.0.1",
    });
  expect(plan(["192.0.2.7", "127.0.0.1"]).bind).toEqual(["192.0.2.7", "127.0.0.1"]);
  expect(plan([]).bind).toEqual(["127.0.0.1", "192.0.2.7"]);
  expect(plan(["0.0.0.0"]).bind).toEqual(["127.0.0.1", "192.0.2.7"]);
});

test("a container runs as the SSH user, as nobody where that is root, and never as one that cannot read its keys", () => {
  const config = accessConfig({ tls: "mutual" }, []);
  const plan = (uid: number, user: "unprivileged" | "image") =>
    planAccess({
      ...{ config: { ...config, user }, endpoints: [{ ...endpoint, security: "mutual-tls" }] },
      address: "192.0.2.7",
      resolved: [],
      login: { ...login, uid, gid: uid },
      container: "c",
      allowed: [],
      owner: "lathe/edge",
      engine: "28.0.1",
    }).user;
  expect(plan(1000, "unprivileged")).toEqual({ uid: 1000, gid: 1000 });
  expect(plan(0, "unprivileged")).toEqual({ uid: 65532, gid: 65532 });
  expect(plan(0, "image")).toBeNull();
  expect(() => plan(1000, "image")).toThrow("lathe:user");
});
