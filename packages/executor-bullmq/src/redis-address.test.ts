import { expect, test } from "vitest";
import { parseRedisUrl, showRedis } from "./redis-address.ts";

const plain = { masterName: null, username: null, password: null, db: 0, tls: false };

test("one server, with all that a URL may say", () => {
  expect(parseRedisUrl("redis://localhost")).toEqual({ ...plain, kind: "single", nodes: [{ host: "localhost", port: 6379 }] });
  expect(parseRedisUrl("rediss://tw:p%40ss%3Aword@redis.example:6380/3")).toEqual({
    ...plain,
    kind: "single",
    nodes: [{ host: "redis.example", port: 6380 }],
    username: "tw",
    password: "p@ss:word",
    db: 3,
    tls: true,
  });
  expect(parseRedisUrl("redis://:secret@[::1]:7000")).toMatchObject({ username: null, password: "secret", nodes: [{ host: "::1", port: 7000 }] });
});

test("sentinels with their master, clusters with some of their nodes", () => {
  expect(parseRedisUrl("redis+sentinel://:pw@a,b:26380/mymaster/2")).toEqual({
    ...plain,
    kind: "sentinel",
    nodes: [
      { host: "a", port: 26_379 },
      { host: "b", port: 26_380 },
    ],
    masterName: "mymaster",
    password: "pw",
    db: 2,
  });
  expect(parseRedisUrl("rediss+cluster://a:7000,b:7001")).toMatchObject({ kind: "cluster", tls: true, nodes: [{ port: 7000 }, { port: 7001 }] });
});

test("what can't be meant is refused, without the password in the message", () => {
  const refused = [
    "http://host",
    "redis://a,b",
    "redis+sentinel://a:26379",
    "redis+cluster://a/1",
    "redis://host/x",
    "redis://host:port",
    "host:6379",
  ];
  for (const url of refused) expect(() => parseRedisUrl(url), url).toThrow(/can't be used/u);
  expect(() => parseRedisUrl("redis://user:secret@a,b")).toThrow(/^(?!.*secret)/u);
});

test("shown without user and password", () => {
  expect(showRedis(parseRedisUrl("rediss+sentinel://u:pw@a:1,b:2/m/4"))).toBe("rediss+sentinel://a:1,b:2/m/4");
  expect(showRedis(parseRedisUrl("redis://u:pw@[::1]:6379"))).toBe("redis://[::1]:6379");
});
