import { expect, test } from "vitest";
import { hasPort, listening, publishedPorts } from "./listening.ts";

test("published ports stay ranges, however many they are, and none is higher than there can be", () => {
  const all = publishedPorts(
    "0.0.0.0:1-30000000->1-30000000/tcp, :::8500-8501->80-81/tcp, 127.0.0.1:90000->1/tcp, :9-1->9-1/tcp",
  );
  expect(all).toEqual([
    [1, 65535],
    [8500, 8501],
  ]);
  expect([hasPort(all, 65535), hasPort(all.slice(1), 8501), hasPort(all.slice(1), 8502)]).toEqual([true, true, false]);
});

test("listening sockets are read once each, with whether others can reach them, in both families", () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue
   0: 0100007F:2134 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0B07D50A:2135 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 0100007F:9C40 0100007F:2134 01 00000000:00000000 00:00000000 00000000     0        0 4 1
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000001000000:2134 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:2136 00000000000000000000000000000000:0000 0A 00000000:00000000
`;
  expect(listening(text)).toEqual([
    { port: 8500, loopback: true },
    { port: 22, loopback: false },
    { port: 8501, loopback: false },
    { port: 8502, loopback: true },
  ]);
});
