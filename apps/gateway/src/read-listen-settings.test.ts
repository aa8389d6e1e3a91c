import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { parseSettings } from "@roost/memory/settings";
import { readGatewayConfig } from "./config.ts";
import { readListenSettings } from "./read-listen-settings.ts";

const text = `listen:
  host: 10.0.0.1
  port: 7800
  names: [roost.example]
  trustedProxies: [10.0.0.9]
  tls: { cert: cert.pem, key: key.pem }
  tailscale: { logins: [ada@example.org] }
`;

test("readListenSettings() takes address, TLS and Tailscale of the settings at the home, and on a joined host what that machine has", async (t) => {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-listen-"));
  t.after(() => rm(homeDir, { recursive: true, force: true }));
  const settings = parseSettings(text, "roost.yaml");
  const read = (isHome: boolean, environment: Record<string, string> = {}) => {
    const config = readGatewayConfig({ ROOST_HOME: homeDir, ...environment });
    const { host, port, outside } = readListenSettings(config, { settings, logger: silentLogger, isHome });
    const { names, tls, serve } = outside ?? {};
    return { host, port, names, cert: tls?.cert, hasServe: serve !== undefined };
  };
  const names = ["roost.example"];
  const cert = join(homeDir, "cert.pem");
  assert.deepEqual(read(true), { host: "10.0.0.1", port: 7800, names, cert, hasServe: true });
  const alone = { host: "127.0.0.1", port: 7800, names, cert: undefined, hasServe: false };
  assert.deepEqual(read(false), alone);
  const named = { ROOST_HOST: "10.0.0.3", ROOST_PORT: "7717" };
  assert.deepEqual(read(false, named), { ...alone, host: "10.0.0.3", port: 7717 });
  await writeFile(cert, "PEM");
  assert.deepEqual(read(false, named), { ...alone, host: "10.0.0.3", port: 7717, cert });
});
