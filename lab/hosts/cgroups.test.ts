import { describe, expect, test } from "vitest";
import { parseHierarchies } from "./cgroups.ts";

describe("the hierarchies of control groups", () => {
  test("of version 1, each controller apart, with a named one, and version 2 beside them left out", () => {
    const mounts = `tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
cgroup /sys/fs/cgroup/cpuset cgroup rw,nosuid,nodev,noexec,relatime,cpuset,clone_children 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,xattr,release_agent=/lib/x,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
cgroup /elsewhere/cpu cgroup rw,relatime,cpu 0 0
`;
    expect(parseHierarchies(mounts)).toEqual([
      { version: 1, path: "/sys/fs/cgroup/cpu", options: "cpu" },
      { version: 1, path: "/sys/fs/cgroup/cpuset", options: "cpuset" },
      { version: 1, path: "/sys/fs/cgroup/systemd", options: "none,name=systemd" },
    ]);
  });

  test("of version 1 with controllers together", () => {
    const mounts = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0\n";
    expect(parseHierarchies(mounts)).toEqual([
      { version: 1, path: "/sys/fs/cgroup/cpu,cpuacct", options: "cpu,cpuacct" },
    ]);
  });

  test("of version 2 alone, and where systemd keeps a named one of version 1 beside it", () => {
    const v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0\n";
    const expected = [{ version: 2, path: "/sys/fs/cgroup", options: "" }];
    expect(parseHierarchies(v2)).toEqual(expected);
    expect(parseHierarchies(`${v2}cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n`)).toEqual(expected);
    expect(parseHierarchies("proc /proc proc rw 0 0\n")).toEqual([]);
  });
});
